/*
 * process.c: what the C library asks of an operating system and a unikernel answers by itself: errno,
 * locks that nobody contends, the end of the program, the clocks.
 */
#include <errno.h>
#include <solo5.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NSEC_PER_SEC 1000000000

static int error_number;

int *__errno_location(void);
int *___errno_location(void);
void __lock(volatile int *lock);
void __unlock(volatile int *lock);
void __assert_fail(const char *expression, const char *file, int line, const char *function)
    __attribute__((noreturn));

int *__errno_location(void)
{
    return &error_number;
}

/* The name that musl's own sources use. */
int *___errno_location(void)
{
    return &error_number;
}

void __lock(volatile int *lock)
{
    (void)lock;
}

void __unlock(volatile int *lock)
{
    (void)lock;
}

void _Exit(int status)
{
    solo5_exit(status);
}

static void say(const char *text)
{
    solo5_console_write(text, strlen(text));
}

void abort(void)
{
    say("abort() was called\n");
    solo5_abort();
}

void __assert_fail(const char *expression, const char *file, int line, const char *function)
{
    char digits[12];
    char *first = digits + sizeof digits - 1;

    *first = '\0';
    do
        *--first = (char)('0' + line % 10);
    while ((line /= 10) > 0);
    say("assertion failed: ");
    say(expression);
    say(" (");
    say(file);
    say(":");
    say(first);
    say(": ");
    say(function);
    say(")\n");
    solo5_abort();
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    solo5_time_t time = clock == CLOCK_REALTIME ? solo5_clock_wall() : solo5_clock_monotonic();

    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) {
        errno = EINVAL;
        return -1;
    }
    now->tv_sec = (time_t)(time / NSEC_PER_SEC);
    now->tv_nsec = (long)(time % NSEC_PER_SEC);
    return 0;
}

time_t time(time_t *result)
{
    time_t now = (time_t)(solo5_clock_wall() / NSEC_PER_SEC);

    if (result)
        *result = now;
    return now;
}
