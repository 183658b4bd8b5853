/* test_request.c: reading HTTP requests, ranges and entity tags. */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/http/request.h"

static struct request request;

/* Parses a copy of exactly the right size, so that a byte read too far is found. */
static int parse(const char *text)
{
    static char *copy;
    size_t size = strlen(text);

    free(copy);
    copy = malloc(size + 1);
    assert_non_null(copy);
    memcpy(copy, text, size);
    return request_parse(&request, copy, size);
}

#define HOST "Host: h\r\n"

static void a_plain_request(void **unused)
{
    static const char text[] = "GET /css/site.css?v=2 HTTP/1.1\r\n" HOST "\r\n";

    (void)unused;
    assert_int_equal(parse(text), sizeof text - 1);
    assert_int_equal(request.method, REQUEST_GET);
    assert_string_equal(request.path, "css/site.css");
    assert_false(request.directory);
    assert_true(request.keep_alive);
}

static void every_shorter_piece_is_incomplete(void **unused)
{
    static const char text[] = "HEAD /a HTTP/1.1\r\n" HOST "Range: bytes=0-1\r\n\r\n";
    char piece[sizeof text];

    (void)unused;
    for (size_t size = 0; size < sizeof text - 1; size++) {
        memcpy(piece, text, size);
        piece[size] = '\0';
        assert_int_equal(parse(piece), 0);
    }
}

static void pipelined_requests_are_read_one_by_one(void **unused)
{
    static const char first[] = "GET / HTTP/1.1\r\n" HOST "\r\n";
    char text[256];

    (void)unused;
    snprintf(text, sizeof text, "%sGET /b HTTP/1.1\r\n" HOST "\r\n", first);
    assert_int_equal(parse(text), sizeof first - 1);
    assert_true(request.directory);
    assert_int_equal(request.path_size, 0);
}

static void refusals_have_their_status(void **unused)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"GET\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},
        {"GET / HTTP/1.1\r\nHost h\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n", 400},
        {"GET /%zz HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /%0 HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /%00 HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /%0d%0aX: HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /.. HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /a/../../b HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /%2e%2e/etc HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /..%2f.. HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET //evil HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET a HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", 505},
        {"GET / http/1.1\r\n" HOST "\r\n", 400},
        {"BREW / HTTP/1.1\r\n" HOST "\r\n", 501},
        {"get / HTTP/1.1\r\n" HOST "\r\n", 501},
        {"G(T / HTTP/1.1\r\n" HOST "\r\n", 400},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (parse(cases[i].text) != -cases[i].status)
            fail_msg("%s: %d", cases[i].text, parse(cases[i].text));
    }
}

static void known_methods_are_told_apart(void **unused)
{
    (void)unused;
    assert_true(parse("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc") > 0);
    assert_int_equal(request.method, REQUEST_KNOWN);
    assert_true(request.has_body);
    assert_false(request.keep_alive);
    assert_true(parse("OPTIONS * HTTP/1.1\r\n" HOST "\r\n") > 0);
    assert_int_equal(request.method, REQUEST_KNOWN);
}

static void too_long_is_refused_before_it_ends(void **unused)
{
    static char text[REQUEST_HEAD_MAX + 200];

    (void)unused;
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "GET /", 5);
    assert_int_equal(parse(text), -414);
    memcpy(text + 1200, " HTTP/1.1\r\n" HOST "\r\n", sizeof " HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(parse(text), -414);
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "GET / HTTP/1.1\r\nX: ", 19);
    assert_int_equal(parse(text), -431);
}

static void old_clients_close_unless_they_ask(void **unused)
{
    (void)unused;
    assert_true(parse("GET / HTTP/1.0\r\n\r\n") > 0);
    assert_false(request.keep_alive);
    assert_true(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n") > 0);
    assert_true(request.keep_alive);
    assert_true(parse("GET / HTTP/1.1\r\n" HOST "Connection: TE, close\r\n\r\n") > 0);
    assert_false(request.keep_alive);
}

static void the_absolute_form_is_read(void **unused)
{
    (void)unused;
    assert_true(parse("GET http://h:80/a%20b HTTP/1.1\r\n" HOST "\r\n") > 0);
    assert_string_equal(request.path, "a b");
}

static enum request_range range(const char *field, uint64_t length, uint64_t *first, uint64_t *last)
{
    return request_range((struct request_text){field, strlen(field)}, length, first, last);
}

static void an_absent_range_is_all(void **unused)
{
    uint64_t first, last;

    (void)unused;
    assert_int_equal(request_range((struct request_text){0}, 10, &first, &last), RANGE_ALL);
}

static void ranges(void **unused)
{
    uint64_t first, last;

    (void)unused;
    assert_int_equal(range("bytes=0-3", 10, &first, &last), RANGE_PART);
    assert_true(first == 0 && last == 3);
    assert_int_equal(range("bytes=4-", 10, &first, &last), RANGE_PART);
    assert_true(first == 4 && last == 9);
    assert_int_equal(range("bytes=-4", 10, &first, &last), RANGE_PART);
    assert_true(first == 6 && last == 9);
    assert_int_equal(range("Bytes= 2 - 100 ", 10, &first, &last), RANGE_PART);
    assert_true(first == 2 && last == 9);
    assert_int_equal(range("bytes=-100", 10, &first, &last), RANGE_PART);
    assert_true(first == 0 && last == 9);
    assert_int_equal(range("bytes=10-", 10, &first, &last), RANGE_IMPOSSIBLE);
    assert_int_equal(range("bytes=-0", 10, &first, &last), RANGE_IMPOSSIBLE);
    assert_int_equal(range("bytes=0-", 0, &first, &last), RANGE_IMPOSSIBLE);
}

static void what_is_no_single_range_is_the_whole(void **unused)
{
    static const char *const fields[] = {"",          "bytes",
                                         "bytes=",    "bytes=-",
                                         "bytes=3-1", "bytes=0-1,3-4",
                                         "lines=0-1", "bytes=a-b",
                                         "bytes=1-b", "bytes=99999999999999999999-"};
    uint64_t first, last;

    (void)unused;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        assert_int_equal(range(fields[i], 10, &first, &last), RANGE_ALL);
}

static bool matches(const char *field)
{
    return request_tag_matches((struct request_text){field, strlen(field)}, "\"abc\"");
}

static void entity_tags(void **unused)
{
    (void)unused;
    assert_true(matches("\"abc\""));
    assert_true(matches("W/\"abc\""));
    assert_true(matches("\"x\", \"abc\""));
    assert_true(matches("*"));
    assert_false(matches("abc"));
    assert_false(matches("\"abcd\""));
    assert_false(matches(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_request),
        cmocka_unit_test(every_shorter_piece_is_incomplete),
        cmocka_unit_test(pipelined_requests_are_read_one_by_one),
        cmocka_unit_test(refusals_have_their_status),
        cmocka_unit_test(known_methods_are_told_apart),
        cmocka_unit_test(too_long_is_refused_before_it_ends),
        cmocka_unit_test(old_clients_close_unless_they_ask),
        cmocka_unit_test(the_absolute_form_is_read),
        cmocka_unit_test(ranges),
        cmocka_unit_test(an_absent_range_is_all),
        cmocka_unit_test(what_is_no_single_range_is_the_whole),
        cmocka_unit_test(entity_tags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
