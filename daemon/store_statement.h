/* store_statement.h: how the files of the store run their statements; for them alone. */
#ifndef DAEMON_STORE_STATEMENT_H
#define DAEMON_STORE_STATEMENT_H

#include <sqlite3.h>
#include <stdint.h>

struct error;
struct store;

enum statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_UNIKERNEL_REPLACE,
    SQL_UNIKERNEL_PUT,
    SQL_UNIKERNEL_UPDATE,
    SQL_UNIKERNEL_CONFIGURE,
    SQL_UNIKERNEL_REPLACE_RELEASE,
    SQL_UNIKERNEL_DELETE,
    SQL_UNIKERNELS,
    SQL_POLICY_PUT,
    SQL_POLICY_DELETE,
    SQL_POLICIES,
    SQL_IMAGE_PUT,
    SQL_IMAGE_DELETE,
    SQL_IMAGE_GET,
    SQL_IMAGES,
    SQL_IMAGES_UNUSED,
    SQL_RELEASE_PUT,
    SQL_RELEASE_TRIM,
    SQL_RELEASE_NUMBER,
    SQL_RELEASE_RESULT,
    SQL_RELEASES_DELETE,
    SQL_RELEASES,
    SQL_RELEASE_OF,
    SQL_LEASE_PUT,
    SQL_LEASE_DELETE,
    SQL_LEASES,
    SQL_NETWORK_PUT,
    SQL_NETWORK_DELETE,
    SQL_NETWORKS,
    SQL_TENANT_PUT,
    SQL_TENANT_GET,
    SQL_EVENT_PUT,
    SQL_EVENT_TRIM,
    SQL_EVENTS,
    SQL_EVENT_LAST,
    SQL_COUNT
};

/* Runs a statement that gives no rows; FORMAT and its values as store_ready() in store.c says. */
int store_do(struct store *store, enum statement which, struct error *err, const char *format, ...);

/* Begins a walk; and ends it, after its last step gave CODE. */
sqlite3_stmt *store_query(struct store *store, enum statement which, struct error *err, const char *format,
                          ...);
int store_end(struct store *store, sqlite3_stmt *statement, int code, struct error *err);

/* The one number that a walk gives; 0 if it gives none. */
int64_t store_number(struct store *store, sqlite3_stmt *row);

/* A column as text, never NULL. */
const char *store_text(sqlite3_stmt *statement, int column);

/* A column as a digest; NULL: it has another length, which means a damaged row. */
const uint8_t *store_digest(sqlite3_stmt *statement, int column);

#endif
