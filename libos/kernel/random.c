/* random.c: the generator of bivy/random.h: ChaCha20 with fast key erasure. */
#include "libos/kernel/kernel.h"

#include <bivy/random.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#define KEY_WORDS      8
#define BLOCK_WORDS    16
#define GETENTROPY_MAX 256

int getentropy(void *data, size_t size);

static uint32_t key[KEY_WORDS];
static bool seeded, strong;

static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b, *d ^= *a, *d = *d << 16 | *d >> 16;
    *c += *d, *b ^= *c, *b = *b << 12 | *b >> 20;
    *a += *b, *d ^= *a, *d = *d << 8 | *d >> 24;
    *c += *d, *b ^= *c, *b = *b << 7 | *b >> 25;
}

/* One block of key stream (RFC 8439, section 2.3, with a zero nonce). */
static void chacha20_block(uint32_t out[static BLOCK_WORDS], uint32_t counter)
{
    uint32_t in[BLOCK_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

    memcpy(in + 4, key, sizeof key);
    in[12] = counter;
    memcpy(out, in, sizeof in);
    for (int round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 4; i++)
            quarter_round(out + i, out + i + 4, out + i + 8, out + i + 12);
        for (unsigned i = 0; i < 4; i++)
            quarter_round(out + i, out + 4 + (i + 1) % 4, out + 8 + (i + 2) % 4, out + 12 + (i + 3) % 4);
    }
    for (unsigned i = 0; i < BLOCK_WORDS; i++)
        out[i] += in[i];
}

/* The key becomes the first half of a block made with it, so that what was handed out stays secret. */
static void key_replace(void)
{
    uint32_t block[BLOCK_WORDS];

    chacha20_block(block, 0);
    memcpy(key, block, sizeof key);
}

static void seed(void)
{
    strong = random_processor(key, sizeof key) == sizeof key;
    for (unsigned i = 0; i < KEY_WORDS; i++) {
        uint64_t noise = random_cycles() ^ solo5_clock_wall() << 20 ^ solo5_clock_monotonic();
        key[i] ^= (uint32_t)noise ^ (uint32_t)(noise >> 32);
        key_replace();
    }
    seeded = true;
}

void random_fill(void *data, size_t size)
{
    uint8_t *bytes = data;
    uint32_t block[BLOCK_WORDS], counter = 1;

    if (!seeded)
        seed();
    while (size > 0) {
        size_t part = size < sizeof block ? size : sizeof block;
        chacha20_block(block, counter++);
        memcpy(bytes, block, part);
        bytes += part;
        size -= part;
        if (counter == 0)
            key_replace();
    }
    key_replace();
}

bool random_is_strong(void)
{
    if (!seeded)
        seed();
    return strong;
}

int getentropy(void *data, size_t size)
{
    if (size > GETENTROPY_MAX || !random_is_strong()) {
        errno = EIO;
        return -1;
    }
    random_fill(data, size);
    return 0;
}
