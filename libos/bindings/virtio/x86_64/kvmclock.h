/* kvmclock.h: what KVM writes into a guest's memory about time. Source: Linux's documentation of KVM,
 * x86/msr. Pure, so that it is tested on the host. */
#ifndef BINDINGS_VIRTIO_X86_64_KVMCLOCK_H
#define BINDINGS_VIRTIO_X86_64_KVMCLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct kvmclock {
    uint32_t version, padding; /* the version is odd while the rest is changed */
    uint64_t cycles, time;     /* the counter and the nanoseconds at the same moment */
    uint32_t multiplier;       /* nanoseconds of one cycle shifted by SHIFT, in units of 2^-32 */
    int8_t shift;
    uint8_t flags, padding2[2];
};
_Static_assert(sizeof(struct kvmclock) == 32, "kvmclock");

/* The time of day at which the other's time was 0. */
struct kvmclock_wall {
    uint32_t version, seconds, nanoseconds;
};
_Static_assert(sizeof(struct kvmclock_wall) == 12, "kvmclock wall");

/* Whether KVM has filled it with something that can be used. */
bool virtio_kvmclock_valid(const volatile struct kvmclock *clock);

/* Nanoseconds now. CYCLES reads the counter. */
uint64_t virtio_kvmclock_read(const volatile struct kvmclock *clock, uint64_t (*cycles)(void));

uint64_t virtio_kvmclock_wall_read(const volatile struct kvmclock_wall *wall);

#endif
