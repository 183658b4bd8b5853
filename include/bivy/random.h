/*
 * random.h: unpredictable bytes.
 *
 * A process guest may not call getrandom(), so the seed is the processor's generator (RDRAND) mixed with
 * its cycle counter and both clocks, and what is handed out is a ChaCha20 key stream whose key is
 * replaced after every request. On a processor without RDRAND the seed is only as good as the jitter of
 * the clocks: good for sequence numbers and ports, not for keys; random_is_strong() says which.
 */
#ifndef BIVY_RANDOM_H
#define BIVY_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

/* Fills SIZE bytes at DATA. */
void random_fill(void *data, size_t size);

/* Whether the seed came from the processor's generator. */
bool random_is_strong(void);

#endif
