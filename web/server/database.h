/*
 * database.h: users, sessions and uploads in one SQLite file.
 *
 * One connection behind one lock: statements here take microseconds, and what takes long (password hashing,
 * the daemon) never holds it. WAL with synchronous=FULL: what was answered survives a power cut.
 */
#ifndef WEB_SERVER_DATABASE_H
#define WEB_SERVER_DATABASE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct database {
    sqlite3 *handle;
    pthread_mutex_t lock;
};

/*
 * Opens or creates PATH and brings its schema up to date, each step in one transaction. -EPROTO if a newer
 * program wrote it; -EIO for what SQLite says.
 */
int database_open(struct database *database, const char *path, struct error *err);
void database_close(struct database *database);

/* Called for each row; a negative result ends the statement and becomes database_run()'s. */
typedef int database_row(void *context, sqlite3_stmt *statement);

/*
 * Runs one statement. TYPES has one letter for each '?': t (const char *), i (int64_t), b (const void *,
 * size_t). ROW may be NULL. Returns how many rows were given to ROW, or for a writing statement changed; or a
 * negative errno.
 */
int database_run(struct database *database, database_row *row, void *context, struct error *err,
                 const char *sql, const char *types, ...);

/* Copies a text column into TO of SIZE bytes; -EMSGSIZE if it does not fit. */
int database_text(sqlite3_stmt *statement, int column, char *to, size_t size);

#endif
