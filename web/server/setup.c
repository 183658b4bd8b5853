/* setup.c: the first administrator; see setup.h. */
#include "setup.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define SETUP_BYTES 16

/* Hashes hexadecimal digits alone, so that it does not matter how somebody grouped them. */
static void hash_code(const char *text, uint8_t hash[static TOKEN_HASH_SIZE])
{
    char digits[2 * SETUP_BYTES + 1] = "";
    size_t size = 0;
    for (; *text != '\0' && size < sizeof digits; text++)
        if (*text != '-' && *text != ' ')
            digits[size++] = (char)tolower((unsigned char)*text);
    token_hash("setup", digits, size, hash);
}

int setup_init(struct setup *setup, bool needed)
{
    uint8_t raw[SETUP_BYTES];
    memset(setup, 0, sizeof *setup);
    pthread_mutex_init(&setup->lock, NULL);
    if (!needed)
        return 0;
    if (token_random(raw, sizeof raw) < 0)
        return -EIO;
    for (size_t i = 0; i < 8; i++) {
        token_print(raw + 2 * i, 2, setup->code + 5 * i);
        setup->code[5 * i + 4] = i < 7 ? '-' : '\0';
    }
    hash_code(setup->code, setup->hash);
    setup->needed = true;
    return 0;
}

bool setup_needed(struct setup *setup)
{
    pthread_mutex_lock(&setup->lock);
    bool needed = setup->needed;
    pthread_mutex_unlock(&setup->lock);
    return needed;
}

bool setup_check(struct setup *setup, const char *text)
{
    uint8_t hash[TOKEN_HASH_SIZE];
    hash_code(text, hash);
    pthread_mutex_lock(&setup->lock);
    bool right = setup->needed && token_equal(hash, setup->hash, sizeof hash);
    pthread_mutex_unlock(&setup->lock);
    return right;
}

void setup_finish(struct setup *setup)
{
    pthread_mutex_lock(&setup->lock);
    setup->needed = false;
    memset(setup->code, 0, sizeof setup->code);
    pthread_mutex_unlock(&setup->lock);
}
