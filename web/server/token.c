/* token.c: secrets that the server makes; see token.h. */
#include "token.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

int token_random(void *data, size_t size)
{
    return gnutls_rnd(GNUTLS_RND_KEY, data, size) < 0 ? -EIO : 0;
}

void token_hash(const char *purpose, const void *data, size_t size, uint8_t hash[static TOKEN_HASH_SIZE])
{
    gnutls_hash_hd_t state;
    memset(hash, 0, TOKEN_HASH_SIZE);
    if (gnutls_hash_init(&state, GNUTLS_DIG_SHA256) < 0) {
        token_random(hash, TOKEN_HASH_SIZE); /* out of memory: a hash that equals no other refuses */
        return;
    }
    gnutls_hash(state, purpose, strlen(purpose) + 1);
    gnutls_hash(state, data, size);
    gnutls_hash_deinit(state, hash);
}

void token_print(const uint8_t *data, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
    text[2 * size] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int token_parse(const char *text, uint8_t *data, size_t size)
{
    if (strlen(text) != 2 * size)
        return -EINVAL;
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return -EINVAL;
        data[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

bool token_equal(const void *a, const void *b, size_t size)
{
    return gnutls_memcmp(a, b, size) == 0;
}
