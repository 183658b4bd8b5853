/*
 * setup.h: the first administrator.
 *
 * Who comes first is not who owns the machine: the set-up asks for a code that only those can read who see
 * the server's standard error or its run directory.
 */
#ifndef WEB_SERVER_SETUP_H
#define WEB_SERVER_SETUP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "token.h"

#define SETUP_CODE_SIZE 40 /* eight groups of four hexadecimal digits, dashes, zero */

struct setup {
    pthread_mutex_t lock;
    bool needed;
    char code[SETUP_CODE_SIZE];
    uint8_t hash[TOKEN_HASH_SIZE];
};

/* Makes a code if NEEDED; 0 or -EIO. */
int setup_init(struct setup *setup, bool needed);

bool setup_needed(struct setup *setup);

/* Whether TEXT is the code, in constant time; dashes, spaces and case do not matter. */
bool setup_check(struct setup *setup, const char *text);

/* Forgets the code: there is an administrator. */
void setup_finish(struct setup *setup);

#endif
