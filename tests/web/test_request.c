#include "tests/web/fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/error.h"

static void decodes_strictly(void **state)
{
    (void)state;
    char to[16];
    assert_int_equal(request_decode("a%3Ab%2fc", 9, to, sizeof to), 0);
    assert_string_equal(to, "a:b/c");
    assert_int_equal(request_decode("%", 1, to, sizeof to), -EINVAL);
    assert_int_equal(request_decode("%4", 2, to, sizeof to), -EINVAL);
    assert_int_equal(request_decode("%zz", 3, to, sizeof to), -EINVAL);
    assert_int_equal(request_decode("a%00b", 5, to, sizeof to), -EINVAL);
    assert_int_equal(request_decode("%0d%0a", 6, to, sizeof to), -EINVAL);
    assert_int_equal(request_decode("%c0%af", 6, to, sizeof to), -EINVAL);
    assert_int_equal(request_decode("%ff", 3, to, sizeof to), -EINVAL);
    assert_int_equal(request_decode("0123456789abcdef", 16, to, sizeof to), -EMSGSIZE);
}

static void splits_the_target(void **state)
{
    (void)state;
    struct request *request = fixture_request("GET", "/a/b?tail=5&x=%20y");
    char value[16];
    int64_t number;
    assert_string_equal(request->path, "/a/b");
    assert_int_equal(request_query(request, "x", value, sizeof value), 0);
    assert_string_equal(value, " y");
    assert_int_equal(request_query(request, "ta", value, sizeof value), -ENOENT);
    assert_int_equal(request_query_number(request, "tail", 0, 10, 1, &number), 0);
    assert_int_equal(number, 5);
    assert_int_equal(request_query_number(request, "tail", 0, 4, 1, &number), -EINVAL);
    assert_int_equal(request_query_number(request, "absent", 0, 4, 3, &number), 0);
    assert_int_equal(number, 3);
    assert_int_equal(request_set_target(request, "http://other/"), -EINVAL);
    request_free(request);
    free(request);
}

static void takes_numbers_of_digits_only(void **state)
{
    (void)state;
    int64_t number;
    assert_int_equal(request_number("0", &number), 0);
    assert_int_equal(request_number("999999999999999999", &number), 0);
    const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "0x1", "1e3", "9999999999999999999", "1\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(request_number(bad[i], &number), -EINVAL);
}

static void finds_one_cookie(void **state)
{
    (void)state;
    char value[16];
    struct request *request = fixture_request("GET", "/");
    request_set_header(request, "Cookie", "a=1; bivy_session=xyz; b=2");
    assert_int_equal(request_cookie(request, "bivy_session", value, sizeof value), 0);
    assert_string_equal(value, "xyz");
    assert_int_equal(request_cookie(request, "session", value, sizeof value), -ENOENT);
    strcpy(request->headers.cookie, "bivy_session=a; bivy_session=b");
    assert_int_equal(request_cookie(request, "bivy_session", value, sizeof value), -ENOENT);
    strcpy(request->headers.cookie, "bivy_session=0123456789abcdefg");
    assert_int_equal(request_cookie(request, "bivy_session", value, sizeof value), -ENOENT);
    request_free(request);
    free(request);
}

static void notices_doubled_and_long_headers(void **state)
{
    (void)state;
    struct request *request = fixture_request("GET", "/");
    request_set_header(request, "host", "other");
    assert_true(request->headers.duplicate);
    assert_string_equal(request->headers.host, "127.0.0.1:8080");
    char *text = calloc(1, REQUEST_HEADER_MAX + 1);
    memset(text, 'x', REQUEST_HEADER_MAX);
    request_set_header(request, "Origin", text);
    assert_true(request->headers.too_long);
    assert_string_equal(request->headers.origin, "");
    free(text);
    request_free(request);
    free(request);
}

static int parse(const char *text)
{
    struct error err = {0};
    struct request *request = fixture_request("POST", "/");
    buffer_append_text(&request->body, text);
    int result = request_parse_json(request, &err);
    assert_true((result < 0) == (err.text[0] != '\0'));
    request_free(request);
    free(request);
    return result;
}

static void parses_json_objects_only(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"a\":[{\"b\":1}]}"), 0);
    const char *const bad[] = {"",
                               "1",
                               "[]",
                               "{",
                               "{} x",
                               "{\"a\":1,\"a\":2}",
                               "{\"a\":\"\xff\"}",
                               "{\"a\":\"\\u0000\"}",
                               "{\"a\":NaN}",
                               "{\"a\":[[[[[[[[1]]]]]]]]}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(parse(bad[i]), -EINVAL);
}

static void survives_a_hundred_thousand_brackets(void **state)
{
    (void)state;
    size_t size = 100000;
    char *text = calloc(1, size + 1);
    memset(text, '[', size);
    assert_int_equal(parse(text), -EINVAL);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_strictly),
        cmocka_unit_test(splits_the_target),
        cmocka_unit_test(takes_numbers_of_digits_only),
        cmocka_unit_test(finds_one_cookie),
        cmocka_unit_test(notices_doubled_and_long_headers),
        cmocka_unit_test(parses_json_objects_only),
        cmocka_unit_test(survives_a_hundred_thousand_brackets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
