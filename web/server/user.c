/* user.c: who may sign in; see user.h. */
#include "user.h"

#include <argon2.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "database.h"
#include "host/error.h"

/* 19 MiB, two passes, one lane: tens of milliseconds for us, and too much memory for many guesses at once. */
#define USER_HASH_KIB    19456
#define USER_HASH_PASSES 2
#define USER_HASH_SIZE   32
#define USER_SALT_SIZE   16
#define USER_RECORD_SIZE 192 /* bytes of "$argon2id$v=19$m=..,t=..,p=..$salt$hash", zero included */

static pthread_mutex_t user_hashing = PTHREAD_MUTEX_INITIALIZER;

static int hash_password(const char *password, char record[static USER_RECORD_SIZE], struct error *err)
{
    uint8_t salt[USER_SALT_SIZE];
    if (token_random(salt, sizeof salt) < 0)
        return error_set(err, EIO, "hash password", NULL, "the system gives no random bytes");
    pthread_mutex_lock(&user_hashing);
    int code = argon2id_hash_encoded(USER_HASH_PASSES, USER_HASH_KIB, 1, password, strlen(password), salt,
                                     sizeof salt, USER_HASH_SIZE, record, USER_RECORD_SIZE);
    pthread_mutex_unlock(&user_hashing);
    if (code != ARGON2_OK)
        return error_set(err, ENOMEM, "hash password", NULL, "%s", argon2_error_message(code));
    return 0;
}

/* argon2id_verify() compares in constant time. */
static int check_password(const char *record, const char *password, struct error *err)
{
    pthread_mutex_lock(&user_hashing);
    int code = argon2id_verify(record, password, strlen(password));
    pthread_mutex_unlock(&user_hashing);
    if (code == ARGON2_VERIFY_MISMATCH)
        return -EACCES;
    if (code != ARGON2_OK)
        return error_set(err, ENOMEM, "check password", NULL, "%s", argon2_error_message(code));
    return 0;
}

int user_exists(struct database *database, struct error *err)
{
    return database_run(database, NULL, NULL, err, "SELECT 1 FROM user LIMIT 1", "");
}

int user_create_first(struct database *database, const char *name, const char *password, int64_t now_ms,
                      char id[static USER_ID_SIZE], struct error *err)
{
    uint8_t raw[(USER_ID_SIZE - 1) / 2];
    char record[USER_RECORD_SIZE];
    int result = hash_password(password, record, err);
    if (result < 0)
        return result;
    if (token_random(raw, sizeof raw) < 0)
        return error_set(err, EIO, "create user", name, "the system gives no random bytes");
    token_print(raw, sizeof raw, id);
    /* One statement: of two who hold the code, one is the first. */
    result = database_run(database, NULL, NULL, err,
                          "INSERT INTO user SELECT ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM user)", "ttti",
                          id, name, record, now_ms);
    if (result == 0)
        return error_set(err, EEXIST, "create user", name, "there is an administrator already");
    return result < 0 ? result : 0;
}

struct known {
    char *id;
    char record[USER_RECORD_SIZE];
};

static int read_user(void *context, sqlite3_stmt *statement)
{
    struct known *known = context;
    int result = database_text(statement, 0, known->id, USER_ID_SIZE);
    return result < 0 ? result : database_text(statement, 1, known->record, sizeof known->record);
}

int user_verify(struct database *database, const char *name, const char *password,
                char id[static USER_ID_SIZE], struct error *err)
{
    struct known known = {.id = id};
    int found = database_run(database, read_user, &known, err, "SELECT id, password FROM user WHERE name = ?",
                             "t", name);
    if (found < 0)
        return found;
    if (found == 0) {
        /* The same work as for a known name; what comes out matters to nobody. */
        int result = hash_password(password, known.record, err);
        return result < 0 ? result : -EACCES;
    }
    return check_password(known.record, password, err);
}
