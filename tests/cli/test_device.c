/* Networks and volumes on the command line. */
#include "tests/check.h"

#include <errno.h>
#include <string.h>

#include "cli/device.h"
#include "host/error.h"

static struct device_net accept_text(const char *text)
{
    struct device_net net;
    struct error err;
    assert_int_equal(device_parse_net(text, &net, &err), 0);
    return net;
}

static void a_bare_device_is_on_the_user_network(void **state)
{
    (void)state;
    struct device_net net = accept_text("service");
    assert_string_equal(net.device, "service");
    assert_int_equal(net.kind, DEVICE_NET_USER);
    assert_false(net.has_mac);
}

static void reads_every_kind(void **state)
{
    (void)state;
    assert_int_equal(accept_text("a=user").kind, DEVICE_NET_USER);
    assert_int_equal(accept_text("a=@7").fd, 7);
    struct device_net tap = accept_text("a=tap:tap0");
    assert_int_equal(tap.kind, DEVICE_NET_TAP);
    assert_string_equal(tap.source, "tap0");
    struct device_net bridge = accept_text("a=bridge:br0,mac=02:00:00:00:00:2a");
    assert_int_equal(bridge.kind, DEVICE_NET_BRIDGE);
    assert_string_equal(bridge.source, "br0");
    assert_true(bridge.has_mac);
    assert_int_equal(bridge.mac[5], 0x2a);
    struct device_net named = accept_text("a=lan");
    assert_int_equal(named.kind, DEVICE_NET_NAMED);
    assert_string_equal(named.source, "lan");
}

static void refuses_what_is_no_network(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "=user",
        "a b=user",
        "a=",
        "a=tap:",
        "a=tap:interface-too-long",
        "a=@",
        "a=@-1",
        "a=@x",
        "a,mac=02:00:00:00:00",
        "a,mac=01:00:00:00:00:01",
        "a,mac=00:00:00:00:00:00",
        "a,mtu=1500",
        "a,mac=02:00:00:00:00:001",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct device_net net;
        struct error err;
        assert_int_equal(device_parse_net(bad[i], &net, &err), -EINVAL);
    }
}

static void volumes_are_device_and_source(void **state)
{
    (void)state;
    struct device_block block;
    struct error err;
    assert_int_equal(device_parse_block("data=a=b.img", &block, &err), 0);
    assert_string_equal(block.device, "data");
    assert_string_equal(block.source, "a=b.img");
    assert_int_equal(device_parse_block("data", &block, &err), -EINVAL);
    assert_int_equal(device_parse_block("data=", &block, &err), -EINVAL);
    assert_int_equal(device_parse_block("=file", &block, &err), -EINVAL);
}

static void random_addresses_are_local_stations(void **state)
{
    (void)state;
    uint8_t mac[6];
    for (int i = 0; i < 64; i++) {
        assert_int_equal(device_random_mac(mac), 0);
        assert_int_equal(mac[0] & 3, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bare_device_is_on_the_user_network),
        cmocka_unit_test(reads_every_kind),
        cmocka_unit_test(refuses_what_is_no_network),
        cmocka_unit_test(volumes_are_device_and_source),
        cmocka_unit_test(random_addresses_are_local_stations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
