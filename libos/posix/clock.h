/* clock.h: times of the C library as nanoseconds. */
#ifndef LIBOS_POSIX_CLOCK_H
#define LIBOS_POSIX_CLOCK_H

#include <solo5.h>
#include <stdbool.h>
#include <time.h>

#define CLOCK_SECOND      UINT64_C(1000000000)
#define CLOCK_MILLISECOND UINT64_C(1000000)

/* Reads CLOCK, in nanoseconds; false: there is no such clock. */
bool clock_read(clockid_t clock, solo5_time_t *now);

/* TIME, in nanoseconds, as seconds and nanoseconds. */
struct timespec clock_timespec(solo5_time_t time);

/* TIME as nanoseconds, UINT64_MAX if that is too long; 0, or -EINVAL: it is negative or no time. */
int clock_duration(const struct timespec *time, solo5_time_t *duration);

/* The monotonic time that is DURATION nanoseconds (or TIMEOUT_MS milliseconds, negative: for ever) from now;
 * of no milliseconds: 0, a time that has passed. */
solo5_time_t clock_deadline(solo5_time_t duration);
solo5_time_t clock_deadline_ms(int timeout_ms);

#endif
