/* store_release.c: the releases of unikernels in the daemon's database; see store.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>

#include "store.h"
#include "store_statement.h"

int64_t store_release_put(struct store *store, const struct store_release *release, struct error *err)
{
    int result = store_do(store, SQL_RELEASE_PUT, err, "tdbitit", release->name, release->digest,
                          release->config, release->config_size, release->created_ms, release->author,
                          (int64_t)release->result, release->detail);
    if (result == 0)
        result = store_do(store, SQL_RELEASE_TRIM, err, "ti", release->name, (int64_t)STORE_RELEASES_MAX);
    if (result < 0)
        return result;
    return store_number(store, store_query(store, SQL_RELEASE_NUMBER, err, "t", release->name));
}

int store_release_result(struct store *store, const char *name, int64_t number, enum store_result result,
                         const char *detail, struct error *err)
{
    return store_do(store, SQL_RELEASE_RESULT, err, "itti", (int64_t)result, detail, name, number);
}

int store_releases_delete(struct store *store, const char *name, struct error *err)
{
    return store_do(store, SQL_RELEASES_DELETE, err, "t", name);
}

int store_release_of(struct store *store, const uint8_t *digest, char name[static 256], struct error *err)
{
    sqlite3_stmt *row = store_query(store, SQL_RELEASE_OF, err, "d", digest);
    if (row == NULL)
        return -EIO;
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        snprintf(name, 256, "%s", store_text(row, 0));
    int result = store_end(store, row, code, err);
    return result < 0 ? result : code == SQLITE_ROW;
}

int store_releases(struct store *store, const char *name,
                   int (*function)(void *, const struct store_release *), void *context, struct error *err)
{
    sqlite3_stmt *row = store_query(store, SQL_RELEASES, err, "t", name);
    int code, result = 0;
    if (row == NULL)
        return -EIO;
    while ((code = sqlite3_step(row)) == SQLITE_ROW && result == 0) {
        struct store_release release = {.name = store_text(row, 0),
                                        .number = sqlite3_column_int64(row, 1),
                                        .digest = store_digest(row, 2),
                                        .config = sqlite3_column_blob(row, 3),
                                        .config_size = (size_t)sqlite3_column_bytes(row, 3),
                                        .created_ms = sqlite3_column_int64(row, 4),
                                        .author = store_text(row, 5),
                                        .result = (enum store_result)sqlite3_column_int(row, 6),
                                        .detail = store_text(row, 7)};
        if (release.digest != NULL)
            result = function(context, &release);
    }
    int ended = store_end(store, row, code, err);
    return ended < 0 ? ended : result;
}
