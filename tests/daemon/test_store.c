#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/lease.h"
#include "daemon/store.h"
#include "host/error.h"

struct fixture {
    char folder[64], path[96];
    struct store *store;
};

static struct fixture fixture;

static int setup(void **state)
{
    struct error err;
    (void)state;
    snprintf(fixture.folder, sizeof fixture.folder, "/tmp/bivy-store-XXXXXX");
    assert_non_null(mkdtemp(fixture.folder));
    snprintf(fixture.path, sizeof fixture.path, "%s/db", fixture.folder);
    fixture.store = store_open(fixture.path, &err);
    return fixture.store == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char path[128];
    (void)state;
    store_close(fixture.store);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", fixture.path, suffixes[i]);
        unlink(path);
    }
    rmdir(fixture.folder);
    return 0;
}

static void reopen(void)
{
    struct error err;
    store_close(fixture.store);
    fixture.store = store_open(fixture.path, &err);
    assert_non_null(fixture.store);
}

static int64_t put(const char *name)
{
    static const uint8_t digest[STORE_DIGEST_SIZE] = {1, 2, 3};
    struct error err;
    struct store_unikernel row = {.name = name,
                                  .digest = digest,
                                  .config = "config",
                                  .config_size = 6,
                                  .exit_status = -1,
                                  .reason = "",
                                  .created_ms = 42};
    return store_unikernel_put(fixture.store, &row, &err);
}

static int count_rows(void *context, const struct store_unikernel *row)
{
    assert_int_equal(row->config_size, 6);
    assert_int_equal(row->digest[2], 3);
    ++*(int *)context;
    return 0;
}

static int rows(void)
{
    int count = 0;
    assert_int_equal(store_unikernels(fixture.store, count_rows, &count, NULL), 0);
    return count;
}

static void what_was_put_is_there_after_opening_again(void **state)
{
    (void)state;
    assert_true(put(":a") > 0);
    assert_true(put(":b") > 0);
    reopen();
    assert_int_equal(rows(), 2);
}

static void a_replacement_gets_an_id_that_was_never_used(void **state)
{
    (void)state;
    int64_t first = put(":a");
    int64_t second = put(":a");
    assert_true(second > first);
    assert_int_equal(rows(), 1);
    assert_int_equal(store_unikernel_delete(fixture.store, second, NULL), 0);
    reopen();
    assert_true(put(":a") > second);
}

static void what_is_rolled_back_never_was(void **state)
{
    (void)state;
    assert_int_equal(store_begin(fixture.store, NULL), 0);
    put(":a");
    store_rollback(fixture.store);
    assert_int_equal(rows(), 0);
    assert_int_equal(store_begin(fixture.store, NULL), 0);
    put(":a");
    assert_int_equal(store_commit(fixture.store, NULL), 0);
    assert_int_equal(rows(), 1);
}

static void the_file_is_private(void **state)
{
    struct stat status;
    (void)state;
    assert_int_equal(stat(fixture.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void a_newer_schema_is_refused_and_left_alone(void **state)
{
    struct error err;
    sqlite3 *db;
    (void)state;
    put(":a");
    store_close(fixture.store);
    assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    fixture.store = store_open(fixture.path, &err);
    assert_null(fixture.store);
    assert_non_null(strstr(err.text, "its schema is version 99, newer than"));
    assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "SELECT * FROM unikernels", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* What the first version wrote has neither networks nor releases; a file of it is taken and gets them. */
static void an_older_schema_is_brought_up(void **state)
{
    sqlite3 *db;
    (void)state;
    assert_int_equal(store_policy_put(fixture.store, "a:", "x", 1, NULL), 0);
    store_close(fixture.store);
    assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "DROP TABLE networks; DROP TABLE tenants; DROP TABLE releases; "
                                  "DROP INDEX unikernels_digest; ALTER TABLE images DROP COLUMN kept; "
                                  "PRAGMA user_version = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    fixture.store = store_open(fixture.path, NULL);
    assert_non_null(fixture.store);
    assert_int_equal(store_network_put(fixture.store, ":lan", "x", 1, NULL), 0);
    assert_int_equal(store_network_put(fixture.store, ":lan", "y", 1, NULL), -EEXIST);
    assert_int_equal(store_policy_delete(fixture.store, "a:", NULL), 0);
}

static void a_paths_number_is_its_own_for_good(void **state)
{
    (void)state;
    int64_t one = store_tenant(fixture.store, "a:", NULL);
    assert_true(one >= 1);
    assert_true(store_tenant(fixture.store, "b:", NULL) != one);
    reopen();
    assert_int_equal(store_tenant(fixture.store, "a:", NULL), one);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct error err;
    (void)state;
    store_close(fixture.store);
    FILE *file = fopen(fixture.path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("not a database ", file);
    fclose(file);
    fixture.store = store_open(fixture.path, &err);
    assert_null(fixture.store);
    assert_non_null(strstr(err.text, "database"));
}

static int sum_ids(void *context, const struct store_event *event)
{
    *(int64_t *)context += event->id;
    return 0;
}

static void events_are_bounded(void **state)
{
    int64_t sum = 0;
    (void)state;
    assert_int_equal(store_begin(fixture.store, NULL), 0);
    for (int64_t id = 1; id <= STORE_EVENTS_MAX + 5; id++) {
        struct store_event event = {.id = id, .name = ":a", .detail = ""};
        assert_int_equal(store_event_put(fixture.store, &event, NULL), 0);
    }
    assert_int_equal(store_event_trim(fixture.store, NULL), 0);
    assert_int_equal(store_commit(fixture.store, NULL), 0);
    assert_int_equal(store_events(fixture.store, 0, sum_ids, &sum, NULL), 0);
    int64_t last = STORE_EVENTS_MAX + 5;
    assert_int_equal(sum, last * (last + 1) / 2 - 15);
    assert_int_equal(store_last_event(fixture.store), last);
}

#define SUBNET 0x0a000000u

static uint32_t lease(const char *name, const char *network, uint32_t wanted)
{
    const struct lease_range range = {SUBNET, 28, SUBNET + 1};
    return lease_assign(fixture.store, name, "net", network, &range, wanted, NULL);
}

static void addresses_stay_and_are_never_shared(void **state)
{
    (void)state;
    uint32_t first = lease(":a", "n", 0);
    assert_int_equal(first, SUBNET + 10);
    assert_int_equal(lease(":b", "n", 0), SUBNET + 11);
    assert_int_equal(lease(":a", "other", 0), SUBNET + 10);
    reopen();
    assert_int_equal(lease(":b", "n", 0), SUBNET + 11);
    assert_int_equal(lease(":c", "n", SUBNET + 11), 0);
    assert_int_equal(lease(":c", "n", SUBNET + 14), SUBNET + 14);
    assert_int_equal(lease(":d", "n", SUBNET + 15), 0);
    assert_int_equal(lease(":d", "n", SUBNET + 400), 0);
}

static void a_network_can_be_full_and_free_again(void **state)
{
    char name[16];
    (void)state;
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, ":n%d", i);
        assert_true(lease(name, "n", 0) != 0);
    }
    assert_int_equal(lease(":more", "n", 0), 0);
    assert_int_equal(store_lease_delete(fixture.store, ":n2", NULL), 0);
    assert_int_equal(lease(":more", "n", 0), SUBNET + 12);
}

static int64_t put_release(const char *name, uint8_t first, enum store_result result)
{
    const uint8_t digest[STORE_DIGEST_SIZE] = {first};
    struct error err;
    struct store_release row = {.name = name,
                                .digest = digest,
                                .config = "config",
                                .config_size = 6,
                                .author = "uid 1",
                                .result = result,
                                .detail = "deployed"};
    int64_t number = store_release_put(fixture.store, &row, &err);
    assert_true(number > 0);
    return number;
}

static int count_release(void *context, const struct store_release *row)
{
    int64_t *numbers = context;
    assert_int_equal(row->config_size, 6);
    numbers[++numbers[0]] = row->number;
    return 0;
}

static void releases_are_numbered_for_each_name_and_told_youngest_first(void **state)
{
    int64_t numbers[64] = {0};
    (void)state;
    assert_int_equal(put_release(":a", 1, STORE_GOOD), 1);
    assert_int_equal(put_release(":b", 1, STORE_GOOD), 1);
    assert_int_equal(put_release(":a", 2, STORE_TRIAL), 2);
    assert_int_equal(store_release_result(fixture.store, ":a", 2, STORE_BAD, "no answer", NULL), 0);
    reopen();
    assert_int_equal(store_releases(fixture.store, ":a", count_release, numbers, NULL), 0);
    assert_int_equal(numbers[0], 2);
    assert_int_equal(numbers[1], 2);
    assert_int_equal(numbers[2], 1);
}

static void the_newest_good_release_outlives_any_number_of_failures(void **state)
{
    int64_t numbers[64] = {0};
    (void)state;
    for (int i = 0; i < 5; i++)
        put_release(":a", 1, STORE_GOOD);
    for (int i = 0; i < 2 * STORE_RELEASES_MAX; i++)
        put_release(":a", 2, STORE_BAD);
    assert_int_equal(store_releases(fixture.store, ":a", count_release, numbers, NULL), 0);
    assert_int_equal(numbers[numbers[0]], 5);
}

static int count_image(void *context, const struct store_image *row)
{
    *(unsigned *)context = *(unsigned *)context * 10 + row->digest[0];
    return 0;
}

static void an_image_that_nothing_uses_is_told_unless_it_is_kept(void **state)
{
    unsigned seen = 0;
    (void)state;
    for (uint8_t first = 1; first <= 4; first++) {
        const uint8_t digest[STORE_DIGEST_SIZE] = {first};
        struct store_image row = {.digest = digest, .info = "info", .info_size = 4, .kept = first == 1};
        assert_int_equal(store_image_put(fixture.store, &row, NULL), 0);
        row.kept = false; /* a second time: what is kept stays so */
        assert_int_equal(store_image_put(fixture.store, &row, NULL), 0);
    }
    put_release(":a", 2, STORE_GOOD);
    assert_int_equal(store_unused_images(fixture.store, count_image, &seen, NULL), 0);
    assert_int_equal(seen, 34);
    seen = 0;
    store_releases_delete(fixture.store, ":a", NULL);
    assert_int_equal(store_unused_images(fixture.store, count_image, &seen, NULL), 0);
    assert_int_equal(seen, 234);
}

/* A file as the first version wrote it. */
static void what_ran_before_releases_were_kept_is_the_first_release(void **state)
{
    static const char *const first_version =
        "CREATE TABLE unikernels (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, digest "
        "BLOB NOT "
        "NULL, config BLOB NOT NULL, state INTEGER NOT NULL, exit_status INTEGER NOT NULL, reason TEXT NOT "
        "NULL, "
        "created_ms INTEGER NOT NULL);"
        "CREATE TABLE policies (path TEXT PRIMARY KEY, policy BLOB NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE images (digest BLOB PRIMARY KEY, info BLOB NOT NULL, targets INTEGER NOT NULL) WITHOUT "
        "ROWID;"
        "CREATE TABLE leases (name TEXT NOT NULL, device TEXT NOT NULL, network TEXT NOT NULL, ipv4 INTEGER "
        "NOT "
        "NULL, PRIMARY KEY (name, device), UNIQUE (network, ipv4)) WITHOUT ROWID;"
        "CREATE TABLE events (id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, name TEXT NOT NULL, kind "
        "INTEGER "
        "NOT NULL, detail TEXT NOT NULL);"
        "INSERT INTO unikernels VALUES (7, ':a', zeroblob(32), 'config', 0, -1, '', 5);"
        "INSERT INTO images VALUES (zeroblob(32), 'info', 1); INSERT INTO images VALUES (randomblob(32), "
        "'info', 1);"
        "PRAGMA user_version = 1;";
    int64_t numbers[64] = {0};
    unsigned seen = 0;
    sqlite3 *db;
    (void)state;
    store_close(fixture.store);
    unlink(fixture.path);
    assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, first_version, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    struct error err = {0};
    fixture.store = store_open(fixture.path, &err);
    assert_non_null(fixture.store);
    assert_int_equal(store_releases(fixture.store, ":a", count_release, numbers, NULL), 0);
    assert_int_equal(numbers[0], 1);
    assert_int_equal(numbers[1], 1);
    assert_int_equal(store_unused_images(fixture.store, count_image, &seen, NULL), 0);
    assert_int_equal(seen, 0); /* images of that time stay */
}

int main(void)
{
#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        STORE_TEST(what_ran_before_releases_were_kept_is_the_first_release),
        STORE_TEST(an_image_that_nothing_uses_is_told_unless_it_is_kept),
        STORE_TEST(the_newest_good_release_outlives_any_number_of_failures),
        STORE_TEST(releases_are_numbered_for_each_name_and_told_youngest_first),
        STORE_TEST(what_was_put_is_there_after_opening_again),
        STORE_TEST(a_replacement_gets_an_id_that_was_never_used),
        STORE_TEST(what_is_rolled_back_never_was),
        STORE_TEST(the_file_is_private),
        STORE_TEST(a_newer_schema_is_refused_and_left_alone),
        STORE_TEST(an_older_schema_is_brought_up),
        STORE_TEST(a_paths_number_is_its_own_for_good),
        STORE_TEST(a_file_that_is_no_database_is_refused),
        STORE_TEST(events_are_bounded),
        STORE_TEST(addresses_stay_and_are_never_shared),
        STORE_TEST(a_network_can_be_full_and_free_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
