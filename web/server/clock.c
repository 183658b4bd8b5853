/* clock.c: the time of day; see clock.h. */
#include "clock.h"

#include <stdio.h>
#include <time.h>

#define CLOCK_FIRST_MS (-62167219200000) /* 0000-01-01T00:00:00.000Z */
#define CLOCK_LAST_MS  253402300799999   /* 9999-12-31T23:59:59.999Z */

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void clock_print(int64_t time_ms, char text[static CLOCK_TEXT_SIZE])
{
    if (time_ms < CLOCK_FIRST_MS)
        time_ms = CLOCK_FIRST_MS;
    if (time_ms > CLOCK_LAST_MS)
        time_ms = CLOCK_LAST_MS;
    int64_t rest = time_ms % 1000 < 0 ? time_ms % 1000 + 1000 : time_ms % 1000;
    time_t seconds = (time_ms - rest) / 1000;
    struct tm parts;
    gmtime_r(&seconds, &parts);
    char date[2 * CLOCK_TEXT_SIZE];
    snprintf(date, sizeof date, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
             parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, (int)rest);
    snprintf(text, CLOCK_TEXT_SIZE, "%.24s", date);
}
