/* store.c: the daemon's database; see store.h. */
#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/error.h"
#include "store_statement.h"

static const char *const sql[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_UNIKERNEL_REPLACE] = "DELETE FROM unikernels WHERE name = ?",
    [SQL_UNIKERNEL_PUT] =
        "INSERT INTO unikernels (name, digest, config, state, exit_status, reason, created_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
    [SQL_UNIKERNEL_UPDATE] = "UPDATE unikernels SET state = ?, exit_status = ?, reason = ? WHERE id = ?",
    [SQL_UNIKERNEL_CONFIGURE] = "UPDATE unikernels SET config = ? WHERE id = ?",
    [SQL_UNIKERNEL_REPLACE_RELEASE] = "UPDATE unikernels SET config = ?, digest = ?, state = 0 WHERE id = ?",
    [SQL_UNIKERNEL_DELETE] = "DELETE FROM unikernels WHERE id = ?",
    [SQL_UNIKERNELS] =
        "SELECT id, name, digest, config, state, exit_status, reason, created_ms FROM unikernels "
        "ORDER BY id",
    [SQL_POLICY_PUT] = "INSERT OR REPLACE INTO policies (path, policy) VALUES (?, ?)",
    [SQL_POLICY_DELETE] = "DELETE FROM policies WHERE path = ?",
    [SQL_POLICIES] = "SELECT path, policy FROM policies ORDER BY path",
    [SQL_IMAGE_PUT] =
        "INSERT INTO images (digest, info, targets, kept) VALUES (?, ?, ?, ?) ON CONFLICT (digest) "
        "DO UPDATE SET info = excluded.info, targets = excluded.targets, kept = max(kept, "
        "excluded.kept)",
    [SQL_IMAGE_DELETE] = "DELETE FROM images WHERE digest = ?",
    [SQL_IMAGE_GET] = "SELECT digest, info, targets, kept FROM images WHERE digest = ?",
    [SQL_IMAGES] = "SELECT digest, info, targets, kept FROM images ORDER BY digest",
    [SQL_IMAGES_UNUSED] = "SELECT digest, info, targets, kept FROM images WHERE kept = 0 AND digest NOT IN "
                          "(SELECT digest FROM unikernels UNION SELECT digest FROM releases)",
    [SQL_RELEASE_PUT] =
        "INSERT INTO releases (name, number, digest, config, created_ms, author, result, detail) "
        "VALUES (?1, 1 + (SELECT coalesce(max(number), 0) FROM releases WHERE name = ?1), ?, ?, ?, "
        "?, ?, ?)",
    /* Never the newest good one, which is what runs or what comes back. */
    [SQL_RELEASE_TRIM] =
        "DELETE FROM releases WHERE name = ?1 AND number <= (SELECT max(number) FROM releases "
        "WHERE name = ?1) - ?2 AND number < coalesce((SELECT max(number) FROM releases WHERE "
        "name = ?1 AND result = 1), 0)",
    [SQL_RELEASE_NUMBER] = "SELECT max(number) FROM releases WHERE name = ?",
    [SQL_RELEASE_RESULT] =
        "UPDATE releases SET result = ?, detail = detail || ': ' || ? WHERE name = ? AND number = ?",
    [SQL_RELEASES_DELETE] = "DELETE FROM releases WHERE name = ?",
    [SQL_RELEASE_OF] = "SELECT name FROM releases WHERE digest = ? LIMIT 1",
    [SQL_RELEASES] = "SELECT name, number, digest, config, created_ms, author, result, detail FROM releases "
                     "WHERE name = ? ORDER BY number DESC",
    [SQL_LEASE_PUT] = "INSERT OR REPLACE INTO leases (name, device, network, ipv4) VALUES (?, ?, ?, ?)",
    [SQL_LEASE_DELETE] = "DELETE FROM leases WHERE name = ?",
    [SQL_LEASES] = "SELECT name, device, network, ipv4 FROM leases",
    [SQL_NETWORK_PUT] = "INSERT INTO networks (name, network) VALUES (?, ?)",
    [SQL_NETWORK_DELETE] = "DELETE FROM networks WHERE name = ?",
    [SQL_NETWORKS] = "SELECT name, network FROM networks ORDER BY name",
    [SQL_TENANT_PUT] = "INSERT OR IGNORE INTO tenants (path) VALUES (?)",
    [SQL_TENANT_GET] = "SELECT number FROM tenants WHERE path = ?",
    [SQL_EVENT_PUT] =
        "INSERT OR REPLACE INTO events (id, time_ms, name, kind, detail) VALUES (?, ?, ?, ?, ?)",
    [SQL_EVENT_TRIM] =
        "DELETE FROM events WHERE id <= (SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?)",
    [SQL_EVENTS] = "SELECT id, time_ms, name, kind, detail FROM events WHERE id > ? ORDER BY id",
    [SQL_EVENT_LAST] = "SELECT max(id) FROM events",
};

/* The step from version N to N + 1 stands at [N]. */
static const char *const migrations[STORE_VERSION] = {
    "CREATE TABLE unikernels (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
    "  digest BLOB NOT NULL, config BLOB NOT NULL, state INTEGER NOT NULL, exit_status INTEGER NOT NULL,"
    "  reason TEXT NOT NULL, created_ms INTEGER NOT NULL);"
    "CREATE TABLE policies (path TEXT PRIMARY KEY, policy BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE images (digest BLOB PRIMARY KEY, info BLOB NOT NULL, targets INTEGER NOT NULL) WITHOUT "
    "ROWID;"
    "CREATE TABLE leases (name TEXT NOT NULL, device TEXT NOT NULL, network TEXT NOT NULL, ipv4 INTEGER NOT "
    "NULL,"
    "  PRIMARY KEY (name, device), UNIQUE (network, ipv4)) WITHOUT ROWID;"
    "CREATE TABLE events (id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, name TEXT NOT NULL,"
    "  kind INTEGER NOT NULL, detail TEXT NOT NULL);",
    "CREATE TABLE networks (name TEXT PRIMARY KEY, network BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE tenants (number INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE);",
    /* What runs before releases were kept is its own first one. Images of that time stay until removed. */
    "CREATE TABLE releases (name TEXT NOT NULL, number INTEGER NOT NULL, digest BLOB NOT NULL, config BLOB "
    "NOT NULL,"
    "  created_ms INTEGER NOT NULL, author TEXT NOT NULL, result INTEGER NOT NULL, detail TEXT NOT NULL,"
    "  PRIMARY KEY (name, number)) WITHOUT ROWID;"
    "INSERT INTO releases SELECT name, 1, digest, config, created_ms, '', 1, 'deployed' FROM unikernels;"
    "CREATE INDEX releases_digest ON releases (digest);"
    "CREATE INDEX unikernels_digest ON unikernels (digest);"
    "ALTER TABLE images ADD COLUMN kept INTEGER NOT NULL DEFAULT 1;",
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_COUNT];
};

static int sqlite_errno(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return ENOMEM;
    case SQLITE_FULL:
        return ENOSPC;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return EBUSY;
    case SQLITE_CONSTRAINT:
        return EEXIST;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return EACCES;
    default:
        return EIO;
    }
}

static int store_failure(struct store *store, int code, struct error *err)
{
    int result = error_set(err, sqlite_errno(code), "database", sqlite3_db_filename(store->db, "main"), "%s",
                           sqlite3_errmsg(store->db));
    if ((code & 0xff) == SQLITE_FULL)
        error_hint(err, "make room on the disk of the state directory");
    return result;
}

static int store_run(struct store *store, const char *text, struct error *err)
{
    int code = sqlite3_exec(store->db, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : store_failure(store, code, err);
}

static int read_version(void *context, int columns, char **values, char **names)
{
    (void)columns;
    (void)names;
    *(long *)context = strtol(values[0], NULL, 10);
    return 0;
}

static int store_migrate(struct store *store, struct error *err)
{
    long version = -1;
    if (sqlite3_exec(store->db, "PRAGMA user_version", read_version, &version, NULL) != SQLITE_OK)
        return store_failure(store, SQLITE_ERROR, err);
    if (version > STORE_VERSION) {
        int result = error_set(err, EPROTO, "open database", sqlite3_db_filename(store->db, "main"),
                               "its schema is version %ld, newer than %d", version, STORE_VERSION);
        error_hint(err, "run the version of Bivy that wrote it, or a newer one");
        return result;
    }
    if (version == STORE_VERSION)
        return 0;
    int result = store_begin(store, err);
    for (long step = version < 0 ? 0 : version; result == 0 && step < STORE_VERSION; step++)
        result = store_run(store, migrations[step], err);
    char set[64];
    snprintf(set, sizeof set, "PRAGMA user_version = %d", STORE_VERSION);
    if (result == 0)
        result = store_run(store, set, err);
    if (result == 0)
        return store_commit(store, err);
    store_rollback(store);
    return result;
}

static int store_setup(struct store *store, struct error *err)
{
    sqlite3_busy_timeout(store->db, 2000);
    int result = store_run(store,
                           "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                           "PRAGMA trusted_schema = OFF; PRAGMA locking_mode = EXCLUSIVE;",
                           err);
    return result == 0 ? store_migrate(store, err) : result;
}

struct store *store_open(const char *path, struct error *err)
{
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        error_set(err, ENOMEM, "open database", path, NULL);
        return NULL;
    }
    /* Created here, so that it is never readable by others: arguments may hold secrets. */
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        error_set(err, errno, "open database", path, NULL);
        free(store);
        return NULL;
    }
    close(fd);
    int code = sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK)
        error_set(err, sqlite_errno(code), "open database", path, "%s", sqlite3_errstr(code));
    if (code != SQLITE_OK || store_setup(store, err) < 0) {
        store_close(store);
        return NULL;
    }
    return store;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    for (size_t i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db);
    free(store);
}

/*
 * Readies a statement and binds what FORMAT names: i int64_t, t text, d digest, b blob and its
 * size_t. Everything bound stays the caller's until the statement is reset. NULL and ERR after a
 * failure.
 */
static sqlite3_stmt *store_ready(struct store *store, enum statement which, struct error *err,
                                 const char *format, va_list args)
{
    sqlite3_stmt **statement = &store->statements[which];
    int code = SQLITE_OK;
    if (*statement == NULL)
        code = sqlite3_prepare_v3(store->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
    for (int i = 1; code == SQLITE_OK && *format != '\0'; i++, format++) {
        if (*format == 'i') {
            code = sqlite3_bind_int64(*statement, i, va_arg(args, int64_t));
        } else if (*format == 't') {
            code = sqlite3_bind_text(*statement, i, va_arg(args, const char *), -1, SQLITE_STATIC);
        } else if (*format == 'd') {
            code = sqlite3_bind_blob(*statement, i, va_arg(args, const void *), STORE_DIGEST_SIZE,
                                     SQLITE_STATIC);
        } else {
            const void *data = va_arg(args, const void *);
            code = sqlite3_bind_blob64(*statement, i, data, va_arg(args, size_t), SQLITE_STATIC);
        }
    }
    if (code == SQLITE_OK)
        return *statement;
    store_failure(store, code, err);
    return NULL;
}

int store_end(struct store *store, sqlite3_stmt *statement, int code, struct error *err)
{
    int result = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : store_failure(store, code, err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result;
}

int store_do(struct store *store, enum statement which, struct error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sqlite3_stmt *statement = store_ready(store, which, err, format, args);
    va_end(args);
    return statement == NULL ? -EIO : store_end(store, statement, sqlite3_step(statement), err);
}

sqlite3_stmt *store_query(struct store *store, enum statement which, struct error *err, const char *format,
                          ...)
{
    va_list args;
    va_start(args, format);
    sqlite3_stmt *statement = store_ready(store, which, err, format, args);
    va_end(args);
    return statement;
}

int store_begin(struct store *store, struct error *err)
{
    return store_do(store, SQL_BEGIN, err, "");
}

int store_commit(struct store *store, struct error *err)
{
    int result = store_do(store, SQL_COMMIT, err, "");
    if (result < 0)
        store_rollback(store);
    return result;
}

void store_rollback(struct store *store)
{
    if (!sqlite3_get_autocommit(store->db))
        store_do(store, SQL_ROLLBACK, NULL, "");
}

void store_set_lazy(struct store *store, bool lazy)
{
    store_run(store, lazy ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL", NULL);
}

int64_t store_unikernel_put(struct store *store, const struct store_unikernel *u, struct error *err)
{
    int result = store_do(store, SQL_UNIKERNEL_REPLACE, err, "t", u->name);
    if (result == 0)
        result = store_do(store, SQL_UNIKERNEL_PUT, err, "tdbiiti", u->name, u->digest, u->config,
                          u->config_size, (int64_t)u->state, u->exit_status, u->reason, u->created_ms);
    return result < 0 ? result : sqlite3_last_insert_rowid(store->db);
}

int store_unikernel_update(struct store *store, int64_t id, enum store_state state, int64_t exit_status,
                           const char *reason, struct error *err)
{
    return store_do(store, SQL_UNIKERNEL_UPDATE, err, "iiti", (int64_t)state, exit_status, reason, id);
}

int store_unikernel_configure(struct store *store, int64_t id, const void *config, size_t size,
                              struct error *err)
{
    return store_do(store, SQL_UNIKERNEL_CONFIGURE, err, "bi", config, size, id);
}

int store_unikernel_release(struct store *store, int64_t id, const void *config, size_t size,
                            const uint8_t *digest, struct error *err)
{
    return store_do(store, SQL_UNIKERNEL_REPLACE_RELEASE, err, "bdi", config, size, digest, id);
}

int store_unikernel_delete(struct store *store, int64_t id, struct error *err)
{
    return store_do(store, SQL_UNIKERNEL_DELETE, err, "i", id);
}

int store_policy_put(struct store *store, const char *path, const void *policy, size_t size,
                     struct error *err)
{
    return store_do(store, SQL_POLICY_PUT, err, "tb", path, policy, size);
}

int store_policy_delete(struct store *store, const char *path, struct error *err)
{
    return store_do(store, SQL_POLICY_DELETE, err, "t", path);
}

int store_lease_put(struct store *store, const struct store_lease *lease, struct error *err)
{
    return store_do(store, SQL_LEASE_PUT, err, "ttti", lease->name, lease->device, lease->network,
                    (int64_t)lease->ipv4);
}

int store_lease_delete(struct store *store, const char *name, struct error *err)
{
    return store_do(store, SQL_LEASE_DELETE, err, "t", name);
}

int store_network_put(struct store *store, const char *name, const void *network, size_t size,
                      struct error *err)
{
    return store_do(store, SQL_NETWORK_PUT, err, "tb", name, network, size);
}

int store_network_delete(struct store *store, const char *name, struct error *err)
{
    return store_do(store, SQL_NETWORK_DELETE, err, "t", name);
}

int64_t store_tenant(struct store *store, const char *path, struct error *err)
{
    int64_t number = -ENOENT;
    int result = store_do(store, SQL_TENANT_PUT, err, "t", path);
    sqlite3_stmt *row = result < 0 ? NULL : store_query(store, SQL_TENANT_GET, err, "t", path);
    if (row == NULL)
        return -EIO;
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        number = sqlite3_column_int64(row, 0);
    result = store_end(store, row, code, err);
    return result < 0 ? result : number;
}

int store_event_put(struct store *store, const struct store_event *event, struct error *err)
{
    return store_do(store, SQL_EVENT_PUT, err, "iitit", event->id, event->time_ms, event->name, event->kind,
                    event->detail);
}

int store_event_trim(struct store *store, struct error *err)
{
    return store_do(store, SQL_EVENT_TRIM, err, "i", (int64_t)STORE_EVENTS_MAX);
}

const char *store_text(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text == NULL ? "" : (const char *)text;
}

const uint8_t *store_digest(sqlite3_stmt *statement, int column)
{
    const void *digest = sqlite3_column_blob(statement, column);
    return sqlite3_column_bytes(statement, column) == (int)STORE_DIGEST_SIZE ? digest : NULL;
}

int store_unikernels(struct store *store, int (*function)(void *, const struct store_unikernel *),
                     void *context, struct error *err)
{
    sqlite3_stmt *row = store_query(store, SQL_UNIKERNELS, err, "");
    int code, result = 0;
    if (row == NULL)
        return -EIO;
    while ((code = sqlite3_step(row)) == SQLITE_ROW && result == 0) {
        struct store_unikernel unikernel = {.id = sqlite3_column_int64(row, 0),
                                            .name = store_text(row, 1),
                                            .digest = store_digest(row, 2),
                                            .config = sqlite3_column_blob(row, 3),
                                            .config_size = (size_t)sqlite3_column_bytes(row, 3),
                                            .state = (enum store_state)sqlite3_column_int(row, 4),
                                            .exit_status = sqlite3_column_int64(row, 5),
                                            .reason = store_text(row, 6),
                                            .created_ms = sqlite3_column_int64(row, 7)};
        if (unikernel.digest != NULL)
            result = function(context, &unikernel);
    }
    int ended = store_end(store, row, code, err);
    return ended < 0 ? ended : result;
}

static int walk_named(struct store *store, enum statement which,
                      int (*function)(void *, const char *, const void *, size_t), void *context,
                      struct error *err)
{
    sqlite3_stmt *row = store_query(store, which, err, "");
    int code, result = 0;
    if (row == NULL)
        return -EIO;
    while ((code = sqlite3_step(row)) == SQLITE_ROW && result == 0)
        result = function(context, store_text(row, 0), sqlite3_column_blob(row, 1),
                          (size_t)sqlite3_column_bytes(row, 1));
    int ended = store_end(store, row, code, err);
    return ended < 0 ? ended : result;
}

int store_policies(struct store *store, int (*function)(void *, const char *, const void *, size_t),
                   void *context, struct error *err)
{
    return walk_named(store, SQL_POLICIES, function, context, err);
}

int store_networks(struct store *store, int (*function)(void *, const char *, const void *, size_t),
                   void *context, struct error *err)
{
    return walk_named(store, SQL_NETWORKS, function, context, err);
}

int store_leases(struct store *store, int (*function)(void *, const struct store_lease *), void *context,
                 struct error *err)
{
    sqlite3_stmt *row = store_query(store, SQL_LEASES, err, "");
    int code, result = 0;
    if (row == NULL)
        return -EIO;
    while ((code = sqlite3_step(row)) == SQLITE_ROW && result == 0) {
        struct store_lease lease = {.name = store_text(row, 0),
                                    .device = store_text(row, 1),
                                    .network = store_text(row, 2),
                                    .ipv4 = (uint32_t)sqlite3_column_int64(row, 3)};
        result = function(context, &lease);
    }
    int ended = store_end(store, row, code, err);
    return ended < 0 ? ended : result;
}

int store_events(struct store *store, int64_t after, int (*function)(void *, const struct store_event *),
                 void *context, struct error *err)
{
    sqlite3_stmt *row = store_query(store, SQL_EVENTS, err, "i", after);
    int code, result = 0;
    if (row == NULL)
        return -EIO;
    while ((code = sqlite3_step(row)) == SQLITE_ROW && result == 0) {
        struct store_event event = {.id = sqlite3_column_int64(row, 0),
                                    .time_ms = sqlite3_column_int64(row, 1),
                                    .name = store_text(row, 2),
                                    .kind = sqlite3_column_int64(row, 3),
                                    .detail = store_text(row, 4)};
        result = function(context, &event);
    }
    int ended = store_end(store, row, code, err);
    return ended < 0 ? ended : result;
}

int64_t store_number(struct store *store, sqlite3_stmt *row)
{
    int64_t number = 0;
    if (row == NULL)
        return 0;
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        number = sqlite3_column_int64(row, 0);
    store_end(store, row, code, NULL);
    return number;
}

int64_t store_last_event(struct store *store)
{
    return store_number(store, store_query(store, SQL_EVENT_LAST, NULL, ""));
}
