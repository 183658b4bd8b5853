/*
 * user.h: who may sign in.
 *
 * A user is known by a random id that is never given out again; the name is only what is typed. Passwords are
 * kept as Argon2id hashes; one hash is computed at a time, so that a burst of sign-ins costs time, not
 * memory.
 */
#ifndef WEB_SERVER_USER_H
#define WEB_SERVER_USER_H

#include <stdint.h>

#include "session.h"

#define USER_PASSWORD_MIN 10   /* bytes */
#define USER_PASSWORD_MAX 1024 /* bytes */

struct database;
struct error;

/* 1 if there is any user, 0 if none, or -errno. */
int user_exists(struct database *database, struct error *err);

/* Creates the first user and gives its id; -EEXIST if there is one already. */
int user_create_first(struct database *database, const char *name, const char *password, int64_t now_ms,
                      char id[static USER_ID_SIZE], struct error *err);

/*
 * Checks a password and gives the user's id. -EACCES for an unknown name as for a wrong password, after the
 * same work; -ENOMEM or -EIO when that cannot be told.
 */
int user_verify(struct database *database, const char *name, const char *password,
                char id[static USER_ID_SIZE], struct error *err);

#endif
