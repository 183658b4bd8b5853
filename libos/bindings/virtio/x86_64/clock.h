/*
 * clock.h: the time, on a machine.
 *
 * KVM tells a guest what its cycle counter means and what the time of day is (kvmclock). Elsewhere the
 * counter's frequency is what CPUID says, or is measured against the interval timer (PIT); the time of day is
 * that of the battery's clock (RTC) at the start, and goes on by the counter.
 */
#ifndef BINDINGS_VIRTIO_X86_64_CLOCK_H
#define BINDINGS_VIRTIO_X86_64_CLOCK_H

#include <solo5.h>

/* Finds out which clock there is; ends the machine with a sentence if there is none. */
void virtio_clock_open(void);

/* See solo5_clock_monotonic() and solo5_clock_wall(). The time of day is 0 on where there is nothing that
 * tells it. */
solo5_time_t virtio_clock_monotonic(void);
solo5_time_t virtio_clock_wall(void);

#endif
