/* limiter.c: how often somebody may try; see limiter.h. */
#include "limiter.h"

#include <stddef.h>
#include <string.h>

#include "token.h"

void limiter_init(struct limiter *limiter, int64_t burst, int64_t refill_ms)
{
    memset(limiter, 0, sizeof *limiter);
    limiter->burst = burst;
    limiter->refill_ms = refill_ms;
    token_random(&limiter->seed, sizeof limiter->seed);
    pthread_mutex_init(&limiter->lock, NULL);
}

uint64_t limiter_key(const struct limiter *limiter, const char *kind, const char *text)
{
    uint8_t seed[TOKEN_HASH_SIZE];
    uint8_t hash[TOKEN_HASH_SIZE];
    uint64_t key;
    token_hash(kind, text, strlen(text), seed);
    memcpy(seed, &limiter->seed, sizeof limiter->seed);
    token_hash("limiter", seed, sizeof seed, hash);
    memcpy(&key, hash, sizeof key);
    return key != 0 ? key : 1;
}

/* The bucket of KEY, or the one that gives way to it. */
static struct limiter_bucket *find_bucket(struct limiter *limiter, uint64_t key)
{
    struct limiter_bucket *oldest = &limiter->buckets[0];
    for (size_t i = 0; i < LIMITER_BUCKETS; i++) {
        struct limiter_bucket *bucket = &limiter->buckets[i];
        if (bucket->key == key)
            return bucket;
        if (bucket->full_ms < oldest->full_ms)
            oldest = bucket;
    }
    *oldest = (struct limiter_bucket){.key = key};
    return oldest;
}

int64_t limiter_take(struct limiter *limiter, uint64_t key, int64_t now_ms)
{
    pthread_mutex_lock(&limiter->lock);
    struct limiter_bucket *bucket = find_bucket(limiter, key);
    int64_t full_ms = bucket->full_ms > now_ms ? bucket->full_ms : now_ms;
    int64_t wait_ms = full_ms + limiter->refill_ms - limiter->burst * limiter->refill_ms - now_ms;
    if (wait_ms <= 0)
        bucket->full_ms = full_ms + limiter->refill_ms;
    pthread_mutex_unlock(&limiter->lock);
    return wait_ms > 0 ? wait_ms : 0;
}

void limiter_return(struct limiter *limiter, uint64_t key, int64_t now_ms)
{
    pthread_mutex_lock(&limiter->lock);
    struct limiter_bucket *bucket = find_bucket(limiter, key);
    bucket->full_ms -= limiter->refill_ms;
    if (bucket->full_ms < now_ms)
        bucket->full_ms = now_ms;
    pthread_mutex_unlock(&limiter->lock);
}
