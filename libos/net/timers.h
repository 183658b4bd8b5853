/* timers.h: when the protocols of lwIP have to be called although no frame came. */
#ifndef LIBOS_NET_TIMERS_H
#define LIBOS_NET_TIMERS_H

#include <stdint.h>

/* Starts the timers; tells them that something happened on a device just now. */
void timers_open(uint64_t now_ms);
void timers_activity(uint64_t now_ms);

/* Calls every timer that is due. */
void timers_run(uint64_t now_ms);

/* When timers_run() has to be called next, in milliseconds of the monotonic clock. */
uint64_t timers_next(void);

#endif
