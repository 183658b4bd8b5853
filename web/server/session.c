/* session.c: who is signed in; see session.h. */
#include "session.h"

#include <errno.h>
#include <string.h>

#include "database.h"
#include "host/error.h"

#define SESSION_NOTE_MS 60000 /* how stale "last used" may be: not every request is worth a write */

static void derive(const uint8_t raw[static SESSION_TOKEN_SIZE], struct session *session)
{
    uint8_t csrf[TOKEN_HASH_SIZE];
    token_hash("session", raw, SESSION_TOKEN_SIZE, session->hash);
    token_hash("csrf", raw, SESSION_TOKEN_SIZE, csrf);
    token_print(csrf, sizeof csrf, session->csrf);
}

struct found {
    struct session *session;
    int64_t seen_ms;
};

static int read_session(void *context, sqlite3_stmt *statement)
{
    struct found *found = context;
    found->seen_ms = sqlite3_column_int64(statement, 0);
    int result = database_text(statement, 1, found->session->user, sizeof found->session->user);
    return result < 0 ? result
                      : database_text(statement, 2, found->session->name, sizeof found->session->name);
}

/* Rows of sessions that still hold, by hash. */
static int look_up(struct database *database, struct found *found, int64_t now_ms, struct error *err)
{
    return database_run(database, read_session, found, err,
                        "SELECT seen_ms, user, name FROM session JOIN user ON user.id = session.user"
                        " WHERE hash = ? AND seen_ms > ? AND session.created_ms > ?",
                        "bii", found->session->hash, sizeof found->session->hash, now_ms - SESSION_IDLE_MS,
                        now_ms - SESSION_ABSOLUTE_MS);
}

int session_create(struct database *database, const char *user, int64_t now_ms,
                   char token[static SESSION_TEXT_SIZE], struct session *session, struct error *err)
{
    uint8_t raw[SESSION_TOKEN_SIZE];
    if (token_random(raw, sizeof raw) < 0)
        return error_set(err, EIO, "sign in", NULL, "the system gives no random bytes");
    derive(raw, session);
    token_print(raw, sizeof raw, token);
    int result = database_run(database, NULL, NULL, err,
                              "DELETE FROM session WHERE user = ? AND hash NOT IN (SELECT hash FROM session"
                              " WHERE user = ? ORDER BY created_ms DESC LIMIT ?)",
                              "tti", user, user, (int64_t)SESSION_PER_USER - 1);
    if (result >= 0)
        result = database_run(database, NULL, NULL, err, "INSERT INTO session VALUES (?, ?, ?, ?)", "btii",
                              session->hash, sizeof session->hash, user, now_ms, now_ms);
    struct found found = {.session = session};
    if (result >= 0)
        result = look_up(database, &found, now_ms, err);
    if (result == 0)
        return error_set(err, EIO, "sign in", NULL, "the session was not kept");
    return result < 0 ? result : 0;
}

int session_find(struct database *database, const char *token, int64_t now_ms, struct session *session,
                 struct error *err)
{
    uint8_t raw[SESSION_TOKEN_SIZE];
    if (token_parse(token, raw, sizeof raw) < 0)
        return -ENOENT;
    derive(raw, session);
    struct found found = {.session = session};
    int result = look_up(database, &found, now_ms, err);
    if (result <= 0)
        return result == 0 ? -ENOENT : result;
    if (now_ms - found.seen_ms > SESSION_NOTE_MS)
        database_run(database, NULL, NULL, NULL, "UPDATE session SET seen_ms = ? WHERE hash = ?", "ib",
                     now_ms, session->hash, sizeof session->hash);
    return 0;
}

int session_holds(struct database *database, const struct session *session, int64_t now_ms)
{
    struct session copy = *session;
    struct found found = {.session = &copy};
    return look_up(database, &found, now_ms, NULL) == 1;
}

int session_remove(struct database *database, const struct session *session, struct error *err)
{
    int result = database_run(database, NULL, NULL, err, "DELETE FROM session WHERE hash = ?", "b",
                              session->hash, sizeof session->hash);
    return result < 0 ? result : 0;
}

void session_purge(struct database *database, int64_t now_ms)
{
    database_run(database, NULL, NULL, NULL, "DELETE FROM session WHERE seen_ms <= ? OR created_ms <= ?",
                 "ii", now_ms - SESSION_IDLE_MS, now_ms - SESSION_ABSOLUTE_MS);
}
