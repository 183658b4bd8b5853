#include "tests/check.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "daemon/link.h"
#include "daemon/netlink.h"
#include "daemon/tap.h"

/* The batch's bytes as if the kernel had sent them. */
static struct netlink_message only_message(const struct netlink_batch *batch, size_t size)
{
    struct netlink_message message = {0};
    struct netlink_reader reader = netlink_read(batch->data, size);
    assert_true(netlink_next(&reader, &message));
    return message;
}

static void write_link(struct netlink_batch *batch)
{
    struct ifinfomsg header = {.ifi_index = 7, .ifi_flags = IFF_UP};
    memset(batch, 0, sizeof *batch);
    netlink_begin(batch, RTM_NEWLINK, 0, &header, sizeof header);
    netlink_put_text(batch, IFLA_IFNAME, "br0");
    netlink_put32(batch, IFLA_MTU, 1400);
    netlink_put32(batch, IFLA_MASTER, 3);
    netlink_nest(batch, IFLA_LINKINFO);
    netlink_put_text(batch, IFLA_INFO_KIND, "bridge");
    netlink_unnest(batch);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct netlink_batch batch;
    struct link link;
    write_link(&batch);
    struct netlink_message message = only_message(&batch, batch.size);
    assert_true(link_read(&message, &link));
    assert_int_equal(link.index, 7);
    assert_int_equal(link.mtu, 1400);
    assert_int_equal(link.master, 3);
    assert_true(link.up && link.bridge);
    assert_string_equal(link.name, "br0");
}

static void a_message_that_is_cut_is_none(void **state)
{
    (void)state;
    struct netlink_batch batch;
    write_link(&batch);
    for (size_t size = 0; size < batch.size; size++) {
        struct netlink_message message;
        struct netlink_reader reader = netlink_read(batch.data, size);
        assert_false(netlink_next(&reader, &message));
        assert_true(size == 0 || reader.bad);
    }
}

static void an_attribute_longer_than_its_message_ends_it(void **state)
{
    (void)state;
    struct netlink_batch batch;
    struct link link;
    write_link(&batch);
    size_t first = sizeof(struct nlmsghdr) + sizeof(struct ifinfomsg);
    for (unsigned length = 0; length < 0x200; length++) {
        batch.data[first] = (uint8_t)length;
        batch.data[first + 1] = (uint8_t)(length >> 8);
        struct netlink_message message = only_message(&batch, batch.size);
        if (length < sizeof(struct nlattr) || length > batch.size - first)
            assert_false(link_read(&message, &link));
        else
            link_read(&message, &link);
    }
}

static void a_batch_that_is_full_is_not_sent(void **state)
{
    (void)state;
    static struct netlink_batch batch;
    static uint8_t data[4096];
    struct ifinfomsg header = {0};
    netlink_begin(&batch, RTM_NEWLINK, NLM_F_ACK, &header, sizeof header);
    for (int i = 0; i < 20; i++)
        netlink_put(&batch, IFLA_IFALIAS, data, sizeof data);
    assert_true(batch.full && batch.size <= NETLINK_BATCH_SIZE);
    assert_int_equal(netlink_send(NETLINK_ROUTE, &batch, "test", "batch", NULL), -ENOBUFS);
}

static void nests_deeper_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    static struct netlink_batch batch;
    netlink_begin(&batch, RTM_NEWLINK, 0, NULL, 0);
    for (unsigned i = 0; i <= NETLINK_NEST_MAX; i++)
        netlink_nest(&batch, 1);
    assert_true(batch.full);
}

static void verdicts_are_the_kernels(void **state)
{
    (void)state;
    struct netlink_batch batch = {0};
    char text[8];
    struct nlmsgerr error = {.error = -EPERM, .msg.nlmsg_len = sizeof(struct nlmsghdr)};
    netlink_begin(&batch, NLMSG_ERROR, NLM_F_ACK_TLVS | NLM_F_CAPPED, &error, sizeof error);
    netlink_put_text(&batch, NLMSGERR_ATTR_MSG, "not for everybody");
    struct netlink_message message = only_message(&batch, batch.size);
    assert_int_equal(netlink_verdict(&message, text, sizeof text), EPERM);
    assert_string_equal(text, "not for");
    message.body.end = message.body.at + 3;
    assert_int_equal(netlink_verdict(&message, text, sizeof text), EPROTO);
}

static void taps_names_tell_whose_they_are(void **state)
{
    (void)state;
    char prefix[TAP_PREFIX_SIZE], other[TAP_PREFIX_SIZE], name[IFNAMSIZ];
    int64_t id;
    size_t device;
    tap_prefix("one/state", prefix);
    tap_prefix("other/state", other);
    assert_string_not_equal(prefix, other);
    tap_name(prefix, 0x12abcdef, 5, name);
    assert_true(tap_parse(prefix, name, &id, &device));
    assert_int_equal(id, 0x12abcdef & TAP_ID_MASK);
    assert_int_equal(device, 5);
    assert_false(tap_parse(other, name, &id, &device));
    name[strlen(name) - 1] = 'x';
    assert_false(tap_parse(prefix, name, &id, &device));
    assert_false(tap_parse(prefix, prefix, &id, &device));
    assert_false(tap_parse(prefix, "eth0", &id, &device));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_message_that_is_cut_is_none),
        cmocka_unit_test(an_attribute_longer_than_its_message_ends_it),
        cmocka_unit_test(a_batch_that_is_full_is_not_sent),
        cmocka_unit_test(nests_deeper_than_there_is_room_for_are_refused),
        cmocka_unit_test(verdicts_are_the_kernels),
        cmocka_unit_test(taps_names_tell_whose_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
