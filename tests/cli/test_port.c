/* Published ports: their grammar, and opening the host's side. */
#include "tests/check.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/port.h"
#include "host/error.h"

static struct port_spec accept_text(const char *text)
{
    struct port_spec port;
    struct error err;
    assert_int_equal(port_parse(text, &port, &err), 0);
    return port;
}

static void reads_the_short_form(void **state)
{
    (void)state;
    struct port_spec port = accept_text("8080:80");
    assert_int_equal(port.host, 8080);
    assert_int_equal(port.guest, 80);
    assert_string_equal(port.address, "127.0.0.1");
    assert_string_equal(port.device, "");
    assert_false(port.udp);
}

static void reads_all_parts(void **state)
{
    (void)state;
    struct port_spec port = accept_text("service@[::1]:0:53/udp");
    assert_string_equal(port.device, "service");
    assert_string_equal(port.address, "::1");
    assert_int_equal(port.host, 0);
    assert_int_equal(port.guest, 53);
    assert_true(port.udp);
}

static void reads_an_ipv4_address(void **state)
{
    (void)state;
    struct port_spec port = accept_text("0.0.0.0:80:8080/tcp");
    assert_string_equal(port.address, "0.0.0.0");
    assert_int_equal(port.guest, 8080);
}

static void refuses_what_is_no_port(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "80",
        "80:",
        ":80",
        "80:0",
        "65536:80",
        "80:65536",
        "a:80",
        "80:80/sctp",
        "@80:80",
        "a-b@80:80",
        "::1:80:80",
        "[::1:80:80",
        "localhost:80:80",
        "1.2.3:80:80",
        "80:80:80:80",
        "[1.2.3.4]:80:80",
        "+1:80",
        " 1:80",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct port_spec port;
        struct error err;
        assert_int_equal(port_parse(bad[i], &port, &err), -EINVAL);
        assert_true(strncmp(err.hint, "[DEV@]", 6) == 0);
    }
}

static void long_text_is_refused(void **state)
{
    (void)state;
    char text[400];
    struct port_spec port;
    struct error err;
    memset(text, '1', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(port_parse(text, &port, &err), -EINVAL);
}

static void a_free_port_is_told(void **state)
{
    (void)state;
    struct port_spec port = accept_text("0:80");
    struct error err;
    char text[PORT_ADDRESS_SIZE + 8];
    int fd = port_open(&port, &err);
    assert_true(fd >= 0);
    assert_int_not_equal(port.host, 0);
    port_print_host(&port, text);
    assert_true(strncmp(text, "127.0.0.1:", 10) == 0);
    close(fd);
}

static void a_port_in_use_says_so(void **state)
{
    (void)state;
    struct port_spec port = accept_text("0:80");
    struct error err;
    int fd = port_open(&port, &err);
    assert_true(fd >= 0);
    assert_int_equal(port_open(&port, &err), -EADDRINUSE);
    assert_non_null(strstr(err.text, "in use"));
    assert_string_equal(err.hint, "another host port, or 0 for a free one: -p 0:80");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_short_form),  cmocka_unit_test(reads_all_parts),
        cmocka_unit_test(reads_an_ipv4_address), cmocka_unit_test(refuses_what_is_no_port),
        cmocka_unit_test(long_text_is_refused),  cmocka_unit_test(a_free_port_is_told),
        cmocka_unit_test(a_port_in_use_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
