#include "tests/check.h"

#include <errno.h>
#include <string.h>

#include "host/error.h"
#include "web/server/deploy.h"
#include "web/server/schema.h"
#include "web/server/text.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LEAST  "\"name\":\"web\",\"image\":\"" DIGEST "\",\"memory_mib\":32"

static int check(const char *text, const char *field)
{
    struct error err = {0};
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    int result = schema_check(&schema_deployment, json, &err);
    if (result < 0)
        assert_non_null(strstr(err.text, field));
    json_decref(json);
    return result;
}

static void takes_the_least_and_the_most(void **state)
{
    (void)state;
    assert_int_equal(check("{" LEAST "}", ""), 0);
    assert_int_equal(check("{" LEAST
                           ",\"cpus\":[0,1],\"networks\":[{\"device\":\"net0\",\"network\":\"user\"}],"
                           "\"blocks\":[],\"ports\":[{\"host\":0,\"guest\":80,\"protocol\":\"udp\"}],"
                           "\"arguments\":[\"--x\"],"
                           "\"restart\":[1,2],\"startup\":5,\"tender\":\"vm\",\"force\":true}",
                           ""),
                     0);
}

static void names_the_field_it_refuses(void **state)
{
    (void)state;
    const char *const cases[][2] = {
        {"{}", "name"},
        {"{" LEAST ",\"surprise\":1}", "surprise"},
        {"{" LEAST ",\"cpus\":{}}", "cpus"},
        {"{" LEAST ",\"cpus\":[1.5]}", "cpus"},
        {"{" LEAST ",\"cpus\":[-1]}", "cpus"},
        {"{" LEAST ",\"ports\":[{\"host\":70000,\"guest\":80}]}", "host"},
        {"{" LEAST ",\"ports\":[{\"host\":1}]}", "guest"},
        {"{" LEAST ",\"ports\":[80]}", "Port"},
        {"{" LEAST ",\"restart\":\"sometimes\"}", "restart"},
        {"{" LEAST ",\"restart\":[256]}", "restart"},
        {"{" LEAST ",\"force\":\"true\"}", "force"},
        {"{" LEAST ",\"arguments\":[\"a\\nb\"]}", "arguments"},
        {"{" LEAST ",\"networks\":[{\"device\":\"\",\"network\":\"user\"}]}", "device"},
        {"{\"name\":\"web\",\"image\":\"00\",\"memory_mib\":32}", "image"},
        {"{\"name\":\"web\",\"image\":\"" DIGEST "\",\"memory_mib\":0}", "memory_mib"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(check(cases[i][0], cases[i][1]), -EINVAL);
}

static void becomes_the_daemons_message(void **state)
{
    (void)state;
    struct deploy deploy;
    struct error err = {0};
    json_t *json =
        json_loads("{" LEAST ",\"cpus\":[3],\"networks\":[{\"device\":\"net0\",\"network\":\"user\","
                   "\"mac\":\"02:00:00:0a:0b:0c\"}],\"blocks\":[{\"device\":\"disk\",\"volume\":\"v\"}],"
                   "\"ports\":[{\"host\":0,\"guest\":80}],\"arguments\":[\"--a\",\"--b\"],\"restart\":[7],"
                   "\"tender\":\"process\",\"force\":true}",
                   0, NULL);
    assert_int_equal(deploy_read(&deploy, json, &err), 0);
    const struct wire_deploy *message = &deploy.message;
    assert_int_equal(message->image.kind, WIRE_DEPLOY_IMAGE_DIGEST);
    assert_int_equal(message->image.u.digest.data[1], 0x23);
    assert_int_equal(message->memory, 32);
    assert_int_equal(message->tender, WIRE_TENDER_PROCESS);
    assert_true(message->force);
    assert_false(message->has_startup);
    assert_int_equal(message->cpuids.items[0], 3);
    assert_int_equal(message->restart.kind, WIRE_RESTART_CODES);
    assert_int_equal(message->restart.u.codes.items[0], 7);
    assert_true(message->networks.items[0].has_mac);
    assert_int_equal(message->networks.items[0].mac.data[5], 0x0c);
    assert_false(message->networks.items[0].has_ipv4);
    assert_true(wire_text_is(message->blocks.items[0].host_device, "v"));
    assert_int_equal(message->ports.items[0].guest, 80);
    assert_int_equal(message->ports.items[0].address.size, 0);
    assert_int_equal(message->arguments.count, 2);
    assert_true(wire_text_is(message->arguments.items[1], "--b"));
    deploy_free(&deploy);
    json_decref(json);
}

static void refuses_what_a_shape_cannot_say(void **state)
{
    (void)state;
    const char *const bad[] = {
        "{\"name\":\"web\",\"image\":\"z123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","
        "\"memory_mib\":32}",
        "{" LEAST ",\"networks\":[{\"device\":\"n\",\"network\":\"user\",\"mac\":\"02-00-00-0a-0b-0c\"}]}",
        "{" LEAST ",\"networks\":[{\"device\":\"n\",\"network\":\"user\",\"mac\":\"02:00:00:0a:0b:zz\"}]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct deploy deploy;
        struct error err = {0};
        json_t *json = json_loads(bad[i], 0, NULL);
        assert_int_equal(schema_check(&schema_deployment, json, &err), 0);
        assert_int_equal(deploy_read(&deploy, json, &err), -EINVAL);
        deploy_free(&deploy);
        json_decref(json);
    }
}

static void repairs_the_bytes_of_guests(void **state)
{
    (void)state;
    const uint8_t bytes[] = {'a', 0xff, 'b', 0x00, 0xe2, 0x82, 0xac, 0xe2, 0x82};
    json_t *json = text_json(bytes, sizeof bytes);
    assert_string_equal(json_string_value(json), "a\xef\xbf\xbd"
                                                 "b\xef\xbf\xbd\xe2\x82\xac\xef\xbf\xbd\xef\xbf\xbd");
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_least_and_the_most), cmocka_unit_test(names_the_field_it_refuses),
        cmocka_unit_test(becomes_the_daemons_message),  cmocka_unit_test(refuses_what_a_shape_cannot_say),
        cmocka_unit_test(repairs_the_bytes_of_guests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
