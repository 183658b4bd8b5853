/* backoff.c: see backoff.h. */
#include "backoff.h"

uint64_t backoff_delay(unsigned attempt, uint32_t random)
{
    uint64_t delay = BACKOFF_FIRST_NS;
    while (attempt-- > 0 && delay < BACKOFF_MAX_NS)
        delay *= 2;
    if (delay > BACKOFF_MAX_NS)
        delay = BACKOFF_MAX_NS;
    return delay - (delay / 4) * (random % 1024) / 1024;
}
