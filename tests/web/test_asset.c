#include "tests/web/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/error.h"
#include "web/server/clock.h"
#include "web/server/daemon.h"

static void write_file(const char *directory, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int open_pages(void **state)
{
    fixture_open(state);
    struct fixture *fixture = *state;
    struct error err = {0};
    char pages[128];
    snprintf(pages, sizeof pages, "%s/pages", fixture->directory);
    assert_int_equal(mkdir(pages, 0700), 0);
    write_file(pages, "index.html", "<p>front");
    write_file(pages, "app.js", "let a");
    write_file(pages, "app.js.gz", "packed");
    write_file(pages, ".hidden", "no");
    write_file(fixture->directory, "secret.txt", "no");
    return asset_load(&fixture->server.assets, pages, &err);
}

static int close_pages(void **state)
{
    struct fixture *fixture = *state;
    asset_free(&fixture->server.assets);
    return fixture_close(state);
}

static struct response get(void **state, const char *target, const char *header, const char *value)
{
    struct fixture *fixture = *state;
    struct response response = {0};
    struct request *request = fixture_request("GET", target);
    if (header != NULL)
        request_set_header(request, header, value);
    asset_answer(&fixture->server.assets, request, &response);
    request_free(request);
    free(request);
    return response;
}

static const char *header_of(const struct response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, name) == 0)
            return response->headers[i].value;
    return "";
}

static void serves_files_by_their_type(void **state)
{
    struct response response = get(state, "/", NULL, NULL);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.size, 8);
    assert_string_equal(header_of(&response, "Content-Type"), "text/html; charset=utf-8");
    response = get(state, "/app.js", NULL, NULL);
    assert_string_equal(header_of(&response, "Content-Type"), "text/javascript; charset=utf-8");
    assert_memory_equal(response.data, "let a", 5);
}

static void packs_for_those_who_take_it(void **state)
{
    struct response response = get(state, "/app.js", "Accept-Encoding", "br, gzip");
    assert_string_equal(header_of(&response, "Content-Encoding"), "gzip");
    assert_string_equal(header_of(&response, "Content-Type"), "text/javascript; charset=utf-8");
    assert_memory_equal(response.data, "packed", 6);
    response = get(state, "/app.js", "Accept-Encoding", "gzip;q=0");
    assert_string_equal(header_of(&response, "Content-Encoding"), "");
    assert_string_equal(header_of(&response, "Vary"), "Accept-Encoding");
}

static void says_when_nothing_changed(void **state)
{
    struct response response = get(state, "/app.js", NULL, NULL);
    char tag[128];
    strcpy(tag, header_of(&response, "ETag"));
    assert_int_equal(strlen(tag), 66);
    response = get(state, "/app.js", "If-None-Match", tag);
    assert_int_equal(response.status, 304);
    response = get(state, "/index.html", "If-None-Match", tag);
    assert_int_equal(response.status, 200);
}

static void shows_the_front_page_for_the_consoles_own_urls(void **state)
{
    struct response response = get(state, "/unikernels/web", "Accept", "text/html,*/*");
    assert_int_equal(response.status, 200);
    assert_int_equal(response.size, 8);
    response = get(state, "/missing.js", "Accept", "*/*");
    assert_int_equal(response.status, 404);
    response_free(&response);
}

static void never_leaves_its_folder(void **state)
{
    const char *const bad[] = {"/../secret.txt",
                               "/%2e%2e/secret.txt",
                               "/..%2fsecret.txt",
                               "/a/../../secret.txt",
                               "//secret.txt",
                               "/.hidden",
                               "/%00",
                               "/..",
                               "/index.html%00.js",
                               "/./index.html"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct response response = get(state, bad[i], NULL, NULL);
        assert_true(response.status == 400 || response.status == 404);
        response_free(&response);
    }
}

static void reads_addresses(void **state)
{
    (void)state;
    struct listen listen;
    struct error err;
    assert_int_equal(listen_parse(&listen, "127.0.0.1:0", &err), 0);
    assert_true(listen.loopback && listen.fixed);
    assert_int_equal(listen_parse(&listen, "[::1]:8443", &err), 0);
    assert_true(listen.loopback);
    assert_int_equal(listen.port, 8443);
    assert_int_equal(listen_parse(&listen, "0.0.0.0:80", &err), 0);
    assert_false(listen.loopback);
    assert_int_equal(listen_parse(&listen, "[::]:80", &err), 0);
    assert_false(listen.loopback);
    const char *const bad[] = {"",       "8080",    "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                               "::1:80", "[::1:80", "host:80",   ":80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(listen_parse(&listen, bad[i], &err), -EINVAL);
}

static void prints_times(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_SIZE];
    clock_print(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    clock_print(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    clock_print(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    clock_print(INT64_MIN, text);
    assert_int_equal(strlen(text), 24);
}

static void maps_refusals(void **state)
{
    (void)state;
    assert_int_equal(daemon_status(-ECONNREFUSED, "connect to bivyd: ..."), 503);
    assert_int_equal(daemon_status(-ETIMEDOUT, ""), 504);
    assert_int_equal(daemon_status(-EPROTO, ""), 502);
    assert_int_equal(daemon_status(-ENOENT, ""), 404);
    assert_int_equal(daemon_status(-EREMOTEIO, "find unikernel: web: not found"), 404);
    assert_int_equal(daemon_status(-EREMOTEIO, "deploy: web: it exists already"), 409);
    assert_int_equal(daemon_status(-EREMOTEIO, "find unikernel: already: something new"), 422);
}

#define WITH_PAGES(test) cmocka_unit_test_setup_teardown(test, open_pages, close_pages)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PAGES(serves_files_by_their_type), WITH_PAGES(packs_for_those_who_take_it),
        WITH_PAGES(says_when_nothing_changed),  WITH_PAGES(shows_the_front_page_for_the_consoles_own_urls),
        WITH_PAGES(never_leaves_its_folder),    cmocka_unit_test(reads_addresses),
        cmocka_unit_test(prints_times),         cmocka_unit_test(maps_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
