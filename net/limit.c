/* limit.c: see limit.h. */
#include "net/limit.h"

#define SECOND_NS UINT64_C(1000000000)

static struct limit_bucket bucket(uint64_t rate, uint64_t least, uint64_t now_ns)
{
    rate = rate < LIMIT_RATE_MOST ? rate : LIMIT_RATE_MOST;
    uint64_t size = rate > least ? rate : least;
    return (struct limit_bucket){.rate = rate, .size = size, .tokens = size, .since_ns = now_ns};
}

void limit_set(struct limit *limit, uint64_t bytes, uint64_t packets, uint64_t now_ns)
{
    limit->bytes = bucket(bytes, LIMIT_BYTES_LEAST, now_ns);
    limit->packets = bucket(packets, LIMIT_PACKETS_LEAST, now_ns);
}

/* Only whole tokens are put in, and only the time that they took is used up: no rate is rounded away. */
static void fill(struct limit_bucket *bucket, uint64_t now_ns)
{
    if (now_ns <= bucket->since_ns)
        return;
    unsigned __int128 made = (unsigned __int128)(now_ns - bucket->since_ns) * bucket->rate / SECOND_NS;
    if (made >= bucket->size - bucket->tokens) {
        bucket->tokens = bucket->size;
        bucket->since_ns = now_ns;
        return;
    }
    bucket->tokens += (uint64_t)made;
    bucket->since_ns += (uint64_t)(made * SECOND_NS / bucket->rate);
}

bool limit_pass(struct limit *limit, size_t size, uint64_t now_ns)
{
    if (limit->bytes.rate != 0)
        fill(&limit->bytes, now_ns);
    if (limit->packets.rate != 0)
        fill(&limit->packets, now_ns);
    if ((limit->bytes.rate != 0 && limit->bytes.tokens < size) ||
        (limit->packets.rate != 0 && limit->packets.tokens < 1))
        return false;
    limit->bytes.tokens -= limit->bytes.rate != 0 ? size : 0;
    limit->packets.tokens -= limit->packets.rate != 0;
    return true;
}
