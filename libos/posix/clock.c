/* clock.c: the clocks, and waiting for them. */
#include "libos/posix/clock.h"

#include "libos/kernel/sched.h"
#include "libos/posix/call.h"

#include <limits.h>
#include <sys/time.h>

static solo5_time_t started;

bool clock_read(clockid_t clock, solo5_time_t *now)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_TAI:
        *now = solo5_clock_wall();
        return true;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        *now = solo5_clock_monotonic();
        return true;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
        if (started == 0)
            started = solo5_clock_monotonic() - 1;
        *now = solo5_clock_monotonic() - started;
        return true;
    default:
        return false;
    }
}

struct timespec clock_timespec(solo5_time_t time)
{
    return (struct timespec){.tv_sec = (time_t)(time / CLOCK_SECOND), .tv_nsec = (long)(time % CLOCK_SECOND)};
}

int clock_duration(const struct timespec *time, solo5_time_t *duration)
{
    if (time->tv_nsec < 0 || time->tv_nsec >= (long)CLOCK_SECOND || time->tv_sec < 0)
        return -EINVAL;
    if (__builtin_mul_overflow((uint64_t)time->tv_sec, CLOCK_SECOND, duration) ||
        __builtin_add_overflow(*duration, (uint64_t)time->tv_nsec, duration))
        *duration = SCHED_NEVER;
    return 0;
}

solo5_time_t clock_deadline(solo5_time_t duration)
{
    solo5_time_t deadline;

    return __builtin_add_overflow(solo5_clock_monotonic(), duration, &deadline) ? SCHED_NEVER : deadline;
}

solo5_time_t clock_deadline_ms(int timeout_ms)
{
    if (timeout_ms < 0)
        return SCHED_NEVER;
    return timeout_ms == 0 ? 0 : clock_deadline((uint64_t)timeout_ms * CLOCK_MILLISECOND);
}

/* Partial: the clocks of processor time count real time, since they were first read. */
POSIX_CALL(clock_gettime, clockid_t clock, struct timespec *result)
{
    solo5_time_t now;

    if (!clock_read(clock, &now))
        return -EINVAL;
    *result = clock_timespec(now);
    return 0;
}

/* Every clock counts nanoseconds. */
POSIX_CALL(clock_getres, clockid_t clock, struct timespec *result)
{
    solo5_time_t now;

    if (!clock_read(clock, &now))
        return -EINVAL;
    if (result)
        *result = (struct timespec){.tv_nsec = 1};
    return 0;
}

/* The wall clock, in microseconds. */
POSIX_CALL(gettimeofday, struct timeval *result, void *zone)
{
    struct timespec now = clock_timespec(solo5_clock_wall());

    (void)zone;
    if (result)
        *result = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

static void sleep_until(solo5_time_t deadline)
{
    /* A wake-up that was meant for something else does not end a sleep. */
    while (sched_block("a time", deadline) || solo5_clock_monotonic() < deadline)
        continue;
}

/* Sleeps; other threads and the network go on meanwhile. */
POSIX_CALL(nanosleep, const struct timespec *request, struct timespec *remaining)
{
    solo5_time_t duration;
    int result = clock_duration(request, &duration);

    (void)remaining;
    if (result == 0)
        sleep_until(clock_deadline(duration));
    return result;
}

/* Sleeps by any clock; a step of the wall clock during an absolute sleep is not noticed. */
POSIX_CALL(clock_nanosleep, clockid_t clock, int flags, const struct timespec *request,
           struct timespec *remaining)
{
    solo5_time_t duration, now;

    (void)remaining;
    if (!clock_read(clock, &now) || clock_duration(request, &duration) < 0)
        return -EINVAL;
    if (flags & TIMER_ABSTIME)
        duration = duration > now ? duration - now : 0;
    sleep_until(clock_deadline(duration));
    return 0;
}
