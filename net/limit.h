/*
 * limit.h: how much a port may carry in a second, one way: token buckets of bytes and of packets.
 *
 * What is above is dropped, not held back: a queue would add a delay that TCP only notices when it is full,
 * and a port that is not read from would keep ARP and acknowledgements waiting with the rest.
 */
#ifndef NET_LIMIT_H
#define NET_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIMIT_PACKETS_LEAST 16u    /* of a bucket: what a connection needs at once */
#define LIMIT_BYTES_LEAST   16384u /* a few frames */
#define LIMIT_RATE_MOST     (UINT64_C(1) << 40)

/* Full at first; it holds what one second brings. */
struct limit_bucket {
    uint64_t rate;     /* a second; 0: no limit */
    uint64_t size;     /* of the bucket */
    uint64_t tokens;   /* in it */
    uint64_t since_ns; /* up to when it has been filled */
};

struct limit {
    struct limit_bucket bytes, packets;
};

/* RATES of 0: no limit; larger ones than LIMIT_RATE_MOST are taken for that. */
void limit_set(struct limit *limit, uint64_t bytes, uint64_t packets, uint64_t now_ns);

/* Whether a frame of SIZE bytes may pass at NOW_NS; takes its tokens if so. */
bool limit_pass(struct limit *limit, size_t size, uint64_t now_ns);

/* Whether there is any limit, so that the time need not be asked. */
static inline bool limit_is_set(const struct limit *limit)
{
    return (limit->bytes.rate | limit->packets.rate) != 0;
}

#endif
