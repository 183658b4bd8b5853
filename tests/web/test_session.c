#include "tests/web/fixture.h"

#include <errno.h>
#include <string.h>

#include "host/error.h"
#include "web/server/user.h"

#define NOW INT64_C(1800000000000)

static struct database *database_with_user(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(database_run(&fixture->server.database, NULL, NULL, NULL,
                                  "INSERT INTO user VALUES ('u1', 'ada', '', 0)", ""),
                     1);
    return &fixture->server.database;
}

static void create(struct database *database, int64_t now_ms, char token[static SESSION_TEXT_SIZE])
{
    struct session session;
    struct error err = {0};
    assert_int_equal(session_create(database, "u1", now_ms, token, &session, &err), 0);
    assert_string_equal(session.name, "ada");
}

static int find(struct database *database, const char *token, int64_t now_ms)
{
    struct session session;
    struct error err = {0};
    return session_find(database, token, now_ms, &session, &err);
}

static void finds_what_was_created(void **state)
{
    struct database *database = database_with_user(state);
    char token[SESSION_TEXT_SIZE];
    create(database, NOW, token);
    assert_int_equal(find(database, token, NOW), 0);
    token[0] = token[0] == '0' ? '1' : '0';
    assert_int_equal(find(database, token, NOW), -ENOENT);
    assert_int_equal(find(database, "", NOW), -ENOENT);
}

static int keep_blob(void *context, sqlite3_stmt *statement)
{
    assert_int_equal(sqlite3_column_bytes(statement, 0), TOKEN_HASH_SIZE);
    memcpy(context, sqlite3_column_blob(statement, 0), TOKEN_HASH_SIZE);
    return 0;
}

static void stores_no_token(void **state)
{
    struct database *database = database_with_user(state);
    char token[SESSION_TEXT_SIZE];
    uint8_t raw[SESSION_TOKEN_SIZE];
    uint8_t stored[TOKEN_HASH_SIZE];
    create(database, NOW, token);
    assert_int_equal(token_parse(token, raw, sizeof raw), 0);
    assert_int_equal(database_run(database, keep_blob, stored, NULL, "SELECT hash FROM session", ""), 1);
    assert_memory_not_equal(stored, raw, sizeof raw);
}

static void ends_after_a_week_of_silence(void **state)
{
    struct database *database = database_with_user(state);
    char token[SESSION_TEXT_SIZE];
    create(database, NOW, token);
    assert_int_equal(find(database, token, NOW + SESSION_IDLE_MS - 1), 0);
    assert_int_equal(find(database, token, NOW + 2 * SESSION_IDLE_MS - 2), 0);
    assert_int_equal(find(database, token, NOW + 3 * SESSION_IDLE_MS), -ENOENT);
}

static void ends_after_a_month_whatever_happens(void **state)
{
    struct database *database = database_with_user(state);
    char token[SESSION_TEXT_SIZE];
    int64_t day_ms = SESSION_IDLE_MS / 7;
    create(database, NOW, token);
    for (int day = 1; day < 30; day++)
        assert_int_equal(find(database, token, NOW + day * day_ms), 0);
    assert_int_equal(find(database, token, NOW + 30 * day_ms), -ENOENT);
    session_purge(database, NOW + 30 * day_ms);
    assert_int_equal(database_run(database, NULL, NULL, NULL, "SELECT 1 FROM session", ""), 0);
}

static void keeps_a_bounded_number(void **state)
{
    struct database *database = database_with_user(state);
    char first[SESSION_TEXT_SIZE];
    char token[SESSION_TEXT_SIZE];
    create(database, NOW, first);
    for (int i = 1; i <= SESSION_PER_USER; i++)
        create(database, NOW + i, token);
    assert_int_equal(find(database, first, NOW + SESSION_PER_USER), -ENOENT);
    assert_int_equal(find(database, token, NOW + SESSION_PER_USER), 0);
}

static void ends_when_signed_out(void **state)
{
    struct database *database = database_with_user(state);
    char token[SESSION_TEXT_SIZE];
    struct session session;
    struct error err = {0};
    create(database, NOW, token);
    assert_int_equal(session_find(database, token, NOW, &session, &err), 0);
    assert_true(session_holds(database, &session, NOW));
    assert_int_equal(session_remove(database, &session, &err), 0);
    assert_false(session_holds(database, &session, NOW));
    assert_int_equal(find(database, token, NOW), -ENOENT);
}

static void refuses_a_newer_database(void **state)
{
    struct fixture *fixture = *state;
    struct database other;
    struct error err = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/web.db", fixture->directory);
    database_run(&fixture->server.database, NULL, NULL, NULL, "PRAGMA user_version = 9999", "");
    assert_int_equal(database_open(&other, path, &err), -EPROTO);
    assert_non_null(strstr(err.text, "newer version"));
}

static void has_one_first_user(void **state)
{
    struct fixture *fixture = *state;
    struct database *database = &fixture->server.database;
    char id[USER_ID_SIZE];
    char other[USER_ID_SIZE];
    struct error err = {0};
    assert_int_equal(user_exists(database, &err), 0);
    assert_int_equal(user_create_first(database, "ada", "correct horse", NOW, id, &err), 0);
    assert_int_equal(user_create_first(database, "eve", "battery staple", NOW, other, &err), -EEXIST);
    assert_int_equal(user_exists(database, &err), 1);
    assert_int_equal(user_verify(database, "ada", "correct horse", other, &err), 0);
    assert_string_equal(id, other);
    assert_int_equal(user_verify(database, "ada", "Correct horse", other, &err), -EACCES);
    assert_int_equal(user_verify(database, "eve", "battery staple", other, &err), -EACCES);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(finds_what_was_created),       WITH_SERVER(stores_no_token),
        WITH_SERVER(ends_after_a_week_of_silence), WITH_SERVER(ends_after_a_month_whatever_happens),
        WITH_SERVER(keeps_a_bounded_number),       WITH_SERVER(ends_when_signed_out),
        WITH_SERVER(refuses_a_newer_database),     WITH_SERVER(has_one_first_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
