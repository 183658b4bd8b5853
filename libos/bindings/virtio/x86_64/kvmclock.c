/* kvmclock.c: see kvmclock.h. */
#include "libos/bindings/virtio/x86_64/kvmclock.h"

#define SHIFT_MOST 31

bool virtio_kvmclock_valid(const volatile struct kvmclock *clock)
{
    return clock->multiplier != 0 && clock->shift >= -SHIFT_MOST && clock->shift <= SHIFT_MOST;
}

static uint64_t scale(uint64_t cycles, int shift, uint32_t multiplier)
{
    cycles = shift < 0 ? cycles >> -shift : cycles << shift;
    return (uint64_t)(((unsigned __int128)cycles * multiplier) >> 32);
}

/* The counter may be a little behind the moment of the last change: then no time has passed. */
uint64_t virtio_kvmclock_read(const volatile struct kvmclock *clock, uint64_t (*cycles)(void))
{
    uint32_t version;
    uint64_t now, start, time;
    int shift;

    do {
        version = clock->version & ~1u;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        start = clock->cycles;
        shift = clock->shift & SHIFT_MOST;
        if (clock->shift < 0)
            shift = -(-clock->shift & SHIFT_MOST);
        now = cycles();
        time = clock->time + scale(now > start ? now - start : 0, shift, clock->multiplier);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    } while (clock->version != version);
    return time;
}

uint64_t virtio_kvmclock_wall_read(const volatile struct kvmclock_wall *wall)
{
    return wall->seconds * UINT64_C(1000000000) + wall->nanoseconds;
}
