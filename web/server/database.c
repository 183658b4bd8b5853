/* database.c: users, sessions and uploads in one SQLite file; see database.h. */
#include "database.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/error.h"

/* Step N brings a database of version N to version N + 1; a step that has been released never changes. */
static const char *const database_steps[] = {
    "CREATE TABLE user (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, password TEXT NOT NULL,"
    "  created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE session (hash BLOB PRIMARY KEY, user TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,"
    "  created_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX session_user ON session (user, created_ms);"
    "CREATE TABLE upload (id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,"
    "  name TEXT NOT NULL, size_bytes INTEGER NOT NULL, touched_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
};

#define DATABASE_VERSION ((int)(sizeof database_steps / sizeof database_steps[0]))

static int database_fail(struct database *database, const char *what, struct error *err)
{
    return error_set(err, EIO, what, "web.db", "%s", sqlite3_errmsg(database->handle));
}

static int run_script(struct database *database, const char *sql, struct error *err)
{
    if (sqlite3_exec(database->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        return database_fail(database, "prepare database", err);
    return 0;
}

static int read_version(void *context, sqlite3_stmt *statement)
{
    *(int *)context = sqlite3_column_int(statement, 0);
    return 0;
}

static int apply_step(struct database *database, int version, struct error *err)
{
    char finish[64];
    snprintf(finish, sizeof finish, "PRAGMA user_version = %d; COMMIT", version + 1);
    int result = run_script(database, "BEGIN IMMEDIATE", err);
    if (result == 0)
        result = run_script(database, database_steps[version], err);
    if (result == 0)
        result = run_script(database, finish, err);
    if (result < 0)
        sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

static int migrate(struct database *database, struct error *err)
{
    int version = 0;
    int result = database_run(database, read_version, &version, err, "PRAGMA user_version", "");
    if (result < 0)
        return result;
    if (version > DATABASE_VERSION) {
        error_set(err, EPROTO, "open database", "web.db", "written by a newer version (schema %d, known %d)",
                  version, DATABASE_VERSION);
        error_hint(err, "install the newer bivy-web again, or start with another --state-dir");
        return -EPROTO;
    }
    for (result = 0; result == 0 && version < DATABASE_VERSION; version++)
        result = apply_step(database, version, err);
    return result;
}

int database_open(struct database *database, const char *path, struct error *err)
{
    static const char set_up[] =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;";
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
    pthread_mutex_init(&database->lock, NULL);
    int result = 0;
    if (sqlite3_open_v2(path, &database->handle, flags, NULL) != SQLITE_OK)
        result = error_set(err, EIO, "open database", path, "%s", sqlite3_errmsg(database->handle));
    else
        sqlite3_busy_timeout(database->handle, 5000);
    if (result == 0)
        result = run_script(database, set_up, err);
    if (result == 0)
        result = migrate(database, err);
    if (result < 0)
        database_close(database);
    return result;
}

void database_close(struct database *database)
{
    if (database->handle == NULL)
        return;
    sqlite3_close(database->handle);
    database->handle = NULL;
    pthread_mutex_destroy(&database->lock);
}

static int bind_values(sqlite3_stmt *statement, const char *types, va_list args)
{
    int code = SQLITE_OK;
    for (int i = 0; types[i] != '\0' && code == SQLITE_OK; i++) {
        if (types[i] == 't') {
            code = sqlite3_bind_text(statement, i + 1, va_arg(args, const char *), -1, SQLITE_STATIC);
        } else if (types[i] == 'i') {
            code = sqlite3_bind_int64(statement, i + 1, va_arg(args, int64_t));
        } else {
            const void *data = va_arg(args, const void *);
            code = sqlite3_bind_blob64(statement, i + 1, data, va_arg(args, size_t), SQLITE_STATIC);
        }
    }
    return code;
}

static int step_rows(struct database *database, sqlite3_stmt *statement, database_row *row, void *context,
                     struct error *err)
{
    int count = 0;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        int result = row != NULL ? row(context, statement) : 0;
        if (result < 0)
            return error_set(err, -result, "read database", "web.db", NULL);
        count++;
    }
    if (code != SQLITE_DONE)
        return database_fail(database, "write database", err);
    return sqlite3_stmt_readonly(statement) ? count : sqlite3_changes(database->handle);
}

int database_run(struct database *database, database_row *row, void *context, struct error *err,
                 const char *sql, const char *types, ...)
{
    sqlite3_stmt *statement = NULL;
    va_list args;
    va_start(args, types);
    pthread_mutex_lock(&database->lock);
    int result;
    if (sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL) != SQLITE_OK ||
        bind_values(statement, types, args) != SQLITE_OK)
        result = database_fail(database, "ask database", err);
    else
        result = step_rows(database, statement, row, context, err);
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&database->lock);
    va_end(args);
    return result;
}

int database_text(sqlite3_stmt *statement, int column, char *to, size_t size)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    size_t length = (size_t)sqlite3_column_bytes(statement, column);
    if (text == NULL || length >= size)
        return -EMSGSIZE;
    memcpy(to, text, length);
    to[length] = '\0';
    return 0;
}
