/*
 * token.h: secrets that the server makes, and what it keeps of them.
 *
 * Tokens are random and long, so that a plain SHA-256 is enough to store one: nobody can guess the input.
 * Passwords are neither and live in user.c.
 */
#ifndef WEB_SERVER_TOKEN_H
#define WEB_SERVER_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOKEN_HASH_SIZE 32 /* bytes of a SHA-256 */

/* Fills DATA with SIZE random bytes; 0, or -EIO when the system has none to give. */
int token_random(void *data, size_t size);

/* SHA-256 of PURPOSE, a zero byte and the SIZE bytes at DATA: hashes made for one purpose say nothing about
 * another. */
void token_hash(const char *purpose, const void *data, size_t size, uint8_t hash[static TOKEN_HASH_SIZE]);

/* Writes 2 * SIZE lower-case hexadecimal digits and a zero. */
void token_print(const uint8_t *data, size_t size, char *text);

/* Reads exactly 2 * SIZE hexadecimal digits that end there; 0 or -EINVAL. */
int token_parse(const char *text, uint8_t *data, size_t size);

/* Compares in a time that does not depend on where the bytes differ. */
bool token_equal(const void *a, const void *b, size_t size);

#endif
