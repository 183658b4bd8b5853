/*
 * session.h: who is signed in.
 *
 * The cookie holds a random token of 256 bits; the database holds its SHA-256, so that a copied database
 * signs nobody in. The CSRF token is another hash of the same token: bound to the session, stored nowhere.
 */
#ifndef WEB_SERVER_SESSION_H
#define WEB_SERVER_SESSION_H

#include <stdint.h>

#include "token.h"

#define SESSION_COOKIE      "bivy_session"
#define SESSION_TOKEN_SIZE  32                           /* random bytes */
#define SESSION_TEXT_SIZE   (2 * SESSION_TOKEN_SIZE + 1) /* a token as text, zero included */
#define SESSION_IDLE_MS     (7 * 24 * 3600 * INT64_C(1000))
#define SESSION_ABSOLUTE_MS (30 * 24 * 3600 * INT64_C(1000))
#define SESSION_PER_USER    64 /* the oldest gives way */

#define USER_ID_SIZE   33 /* hexadecimal text, zero included */
#define USER_NAME_SIZE 65

struct database;
struct error;

struct session {
    uint8_t hash[TOKEN_HASH_SIZE];
    char user[USER_ID_SIZE];
    char name[USER_NAME_SIZE];
    char csrf[2 * TOKEN_HASH_SIZE + 1];
};

/* Signs USER (an id) in at NOW_MS; TOKEN is for the cookie and SESSION what session_find() will say. 0 or
 * -errno. */
int session_create(struct database *database, const char *user, int64_t now_ms,
                   char token[static SESSION_TEXT_SIZE], struct session *session, struct error *err);

/* Finds the session of TOKEN and notes that it was used; -ENOENT: unknown, ended or too old. */
int session_find(struct database *database, const char *token, int64_t now_ms, struct session *session,
                 struct error *err);

/* Whether a session found earlier still holds; for streams, which outlive their request. */
int session_holds(struct database *database, const struct session *session, int64_t now_ms);

/* Ends a session. */
int session_remove(struct database *database, const struct session *session, struct error *err);

/* Forgets sessions that nobody can use any more. */
void session_purge(struct database *database, int64_t now_ms);

#endif
