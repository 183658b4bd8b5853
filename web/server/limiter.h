/*
 * limiter.h: how often somebody may try: a bounded table of token buckets.
 *
 * A bucket holds BURST tries and regains one every REFILL_MS. The table has a fixed size, so that an attacker
 * who changes his address cannot make it grow; when it is full, the bucket that is nearest to full makes
 * room, because it knows the least.
 */
#ifndef WEB_SERVER_LIMITER_H
#define WEB_SERVER_LIMITER_H

#include <pthread.h>
#include <stdint.h>

#define LIMITER_BUCKETS 1024

struct limiter_bucket {
    uint64_t key;    /* 0: unused */
    int64_t full_ms; /* when the bucket will be full again */
};

struct limiter {
    struct limiter_bucket buckets[LIMITER_BUCKETS];
    pthread_mutex_t lock;
    int64_t burst;
    int64_t refill_ms;
    uint64_t seed; /* keeps others from choosing keys that collide */
};

void limiter_init(struct limiter *limiter, int64_t burst, int64_t refill_ms);

/* A key for KIND ("address", "name") and TEXT; never 0. */
uint64_t limiter_key(const struct limiter *limiter, const char *kind, const char *text);

/* Takes one try at NOW_MS (monotonic). Returns 0, or after how many milliseconds (> 0) there will be one. */
int64_t limiter_take(struct limiter *limiter, uint64_t key, int64_t now_ms);

/* Gives one try back: it was a good one. */
void limiter_return(struct limiter *limiter, uint64_t key, int64_t now_ms);

#endif
