/* timer.h: the oldest clocks of a machine: the interval timer (8254) and the battery's clock (MC146818). */
#ifndef BINDINGS_VIRTIO_X86_64_TIMER_H
#define BINDINGS_VIRTIO_X86_64_TIMER_H

#include <stdint.h>

/* The cycles of one second, measured in about 10 ms; 0 if there is no interval timer. */
uint64_t virtio_timer_measure(void);

/* Nanoseconds since 1970 by the battery's clock, which shows whole seconds and is taken for UTC; 0 if there
 * is none. */
uint64_t virtio_timer_wall(void);

/* The same of what its registers show. HOURS_12: bit 7 of HOUR means the afternoon. Pure. */
struct timer_date {
    unsigned year, month, day, hour, minute, second; /* the year since 2000 */
};
uint64_t virtio_timer_seconds(struct timer_date date);

#endif
