#include "tests/web/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "web/server/clock.h"

static struct response begin(void **state, const char *json)
{
    struct request *request = fixture_request("POST", "/api/v1/uploads");
    fixture_sign_in(*state, request, true);
    fixture_json(request, json);
    return fixture_ask(*state, request);
}

/* Begins an upload of ten bytes and copies its id. */
static void begin_ten(void **state, char id[static UPLOAD_ID_SIZE])
{
    struct response response = begin(state, "{\"size_bytes\":10,\"name\":\"hello.uk\"}");
    assert_int_equal(response.status, 201);
    assert_int_equal(json_integer_value(json_object_get(response.json, "offset_bytes")), 0);
    snprintf(id, UPLOAD_ID_SIZE, "%s", json_string_value(json_object_get(response.json, "id")));
    response_free(&response);
}

static struct response send_part(void **state, const char *id, const char *offset, const char *bytes)
{
    char target[128];
    snprintf(target, sizeof target, "/api/v1/uploads/%s", id);
    struct request *request = fixture_request("PATCH", target);
    fixture_sign_in(*state, request, true);
    request_set_header(request, "Content-Type", "application/octet-stream");
    request_set_header(request, "Upload-Offset", offset);
    buffer_append_text(&request->body, bytes);
    return fixture_ask(*state, request);
}

static void expect(struct response response, unsigned status, int64_t offset)
{
    assert_int_equal(response.status, status);
    if (offset >= 0)
        assert_int_equal(json_integer_value(json_object_get(response.json, "offset_bytes")), offset);
    response_free(&response);
}

static int64_t offset_of(void **state, const char *id)
{
    char target[128];
    snprintf(target, sizeof target, "/api/v1/uploads/%s", id);
    struct request *request = fixture_request("GET", target);
    fixture_sign_in(*state, request, false);
    struct response response = fixture_ask(*state, request);
    int64_t offset =
        response.status == 200 ? json_integer_value(json_object_get(response.json, "offset_bytes")) : -1;
    response_free(&response);
    return offset;
}

static void grows_part_by_part(void **state)
{
    char id[UPLOAD_ID_SIZE];
    begin_ten(state, id);
    expect(send_part(state, id, "0", "abc"), 200, 3);
    expect(send_part(state, id, "3", ""), 200, 3);
    expect(send_part(state, id, "3", "def"), 200, 6);
    assert_int_equal(offset_of(state, id), 6);
}

static void says_the_right_offset(void **state)
{
    char id[UPLOAD_ID_SIZE];
    begin_ten(state, id);
    expect(send_part(state, id, "0", "abc"), 200, 3);
    expect(send_part(state, id, "0", "abc"), 409, 3);
    expect(send_part(state, id, "4", "def"), 409, 3);
    expect(send_part(state, id, "-3", "def"), 400, -1);
    expect(send_part(state, id, "", "def"), 400, -1);
    assert_int_equal(offset_of(state, id), 3);
}

static void takes_no_more_than_announced(void **state)
{
    char id[UPLOAD_ID_SIZE];
    begin_ten(state, id);
    expect(send_part(state, id, "0", "0123456789a"), 413, -1);
    assert_int_equal(offset_of(state, id), 0);
}

static void waits_whole_for_a_daemon(void **state)
{
    char id[UPLOAD_ID_SIZE];
    begin_ten(state, id);
    expect(send_part(state, id, "0", "0123456789"), 503, -1);
    assert_int_equal(offset_of(state, id), 10);
    expect(send_part(state, id, "10", ""), 503, -1);
}

static void survives_a_restart_and_clears_strays(void **state)
{
    struct fixture *fixture = *state;
    char id[UPLOAD_ID_SIZE];
    char stray[PATH_MAX];
    begin_ten(state, id);
    expect(send_part(state, id, "0", "abc"), 200, 3);
    snprintf(stray, sizeof stray, "%.100s/stray", fixture->server.uploads.directory);
    FILE *file = fopen(stray, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(upload_init(&fixture->server, NULL), 0);
    assert_int_equal(access(stray, F_OK), -1);
    assert_int_equal(offset_of(state, id), 3);
}

static void expires(void **state)
{
    struct fixture *fixture = *state;
    char id[UPLOAD_ID_SIZE];
    begin_ten(state, id);
    upload_purge(&fixture->server, clock_now_ms() + UPLOAD_IDLE_MS / 2);
    assert_int_equal(offset_of(state, id), 0);
    upload_purge(&fixture->server, clock_now_ms() + UPLOAD_IDLE_MS + 1000);
    assert_int_equal(offset_of(state, id), -1);
}

static void belongs_to_its_user(void **state)
{
    struct fixture *fixture = *state;
    char id[UPLOAD_ID_SIZE];
    begin_ten(state, id);
    struct database *database = &fixture->server.database;
    database_run(database, NULL, NULL, NULL, "INSERT INTO user VALUES ('u2', 'eve', '', 0)", "");
    database_run(database, NULL, NULL, NULL, "UPDATE upload SET user = 'u2'", "");
    assert_int_equal(offset_of(state, id), -1);
    expect(send_part(state, id, "0", "abc"), 404, -1);
}

static void are_few(void **state)
{
    char id[UPLOAD_ID_SIZE];
    for (int i = 0; i < UPLOAD_COUNT_MAX; i++)
        begin_ten(state, id);
    expect(begin(state, "{\"size_bytes\":10,\"name\":\"x\"}"), 507, -1);
}

static void are_bounded_together(void **state)
{
    char json[64];
    snprintf(json, sizeof json, "{\"size_bytes\":%d,\"name\":\"x\"}", UPLOAD_SIZE_MAX);
    for (int i = 0; i < UPLOAD_TOTAL_MAX / UPLOAD_SIZE_MAX; i++)
        expect(begin(state, json), 201, 0);
    expect(begin(state, json), 507, -1);
    expect(begin(state, "{\"size_bytes\":1,\"name\":\"x\"}"), 507, -1);
}

static void have_a_sensible_size(void **state)
{
    expect(begin(state, "{\"size_bytes\":0,\"name\":\"x\"}"), 422, -1);
    expect(begin(state, "{\"size_bytes\":1e9,\"name\":\"x\"}"), 422, -1);
    expect(begin(state, "{\"size_bytes\":99999999999,\"name\":\"x\"}"), 422, -1);
    expect(begin(state, "{\"size_bytes\":\"5\",\"name\":\"x\"}"), 422, -1);
}

static void can_be_given_up(void **state)
{
    char id[UPLOAD_ID_SIZE];
    char target[128];
    begin_ten(state, id);
    snprintf(target, sizeof target, "/api/v1/uploads/%s", id);
    struct request *request = fixture_request("DELETE", target);
    fixture_sign_in(*state, request, true);
    expect(fixture_ask(*state, request), 204, -1);
    assert_int_equal(offset_of(state, id), -1);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(grows_part_by_part),
        WITH_SERVER(says_the_right_offset),
        WITH_SERVER(takes_no_more_than_announced),
        WITH_SERVER(waits_whole_for_a_daemon),
        WITH_SERVER(survives_a_restart_and_clears_strays),
        WITH_SERVER(expires),
        WITH_SERVER(belongs_to_its_user),
        WITH_SERVER(are_few),
        WITH_SERVER(are_bounded_together),
        WITH_SERVER(have_a_sensible_size),
        WITH_SERVER(can_be_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
