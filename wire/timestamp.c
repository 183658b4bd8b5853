/* timestamp.c: GeneralizedTime; see timestamp.h. */
#define _GNU_SOURCE
#include "wire/timestamp.h"

#include <stdio.h>
#include <time.h>

#define MS_PER_SECOND 1000
#define FIRST_MS      (INT64_C(-62167219200) * MS_PER_SECOND) /* 0000-01-01 */
#define END_MS        (INT64_C(253402300800) * MS_PER_SECOND) /* 10000-01-01 */

/* What is not read yet of a time's text. */
struct cursor {
    const uint8_t *data;
    size_t size;
};

static bool is_digit(const struct cursor *at)
{
    return at->size > 0 && at->data[0] >= '0' && at->data[0] <= '9';
}

/* Reads COUNT digits as a number of at most HIGHEST. */
static bool take_number(struct cursor *at, int count, int highest, int *number)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(at))
            return false;
        value = value * 10 + (at->data[0] - '0');
        at->data++;
        at->size--;
    }
    *number = value;
    return value <= highest;
}

static bool take_byte(struct cursor *at, uint8_t byte)
{
    if (at->size == 0 || at->data[0] != byte)
        return false;
    at->data++;
    at->size--;
    return true;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool take_date(struct cursor *at, struct tm *tm)
{
    int year, month, day;
    if (!take_number(at, 4, 9999, &year) || !take_number(at, 2, 12, &month) || !take_number(at, 2, 31, &day))
        return false;
    if (month == 0 || day == 0 || day > days_of_month(year, month))
        return false;
    *tm = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    return true;
}

/* Everything after the hour may be missing from some point on. */
static bool take_clock(struct cursor *at, struct tm *tm, int *ms)
{
    if (!take_number(at, 2, 23, &tm->tm_hour))
        return false;
    if (is_digit(at) && !take_number(at, 2, 59, &tm->tm_min))
        return false;
    else if (is_digit(at) && !take_number(at, 2, 60, &tm->tm_sec))
        return false;
    if (!take_byte(at, '.'))
        return true;
    int digits = 1;
    for (struct cursor next = {at->data, at->size}; digits < 3; digits++) {
        int digit;
        if (!take_number(&next, 1, 9, &digit) || !is_digit(&next))
            break;
    }
    return take_number(at, digits, 999, ms);
}

static bool take_zone(struct cursor *at, int *minutes_east)
{
    *minutes_east = 0;
    if (at->size == 0 || take_byte(at, 'Z'))
        return true;
    int sign = take_byte(at, '+') ? 1 : -1;
    int hours, minutes;
    if (sign < 0 && !take_byte(at, '-'))
        return false;
    if (!take_number(at, 2, 23, &hours) || !take_number(at, 2, 59, &minutes))
        return false;
    *minutes_east = sign * (hours * 60 + minutes);
    return true;
}

bool wire_time_parse(const uint8_t *data, size_t size, int64_t *time_ms)
{
    struct cursor at = {data, size};
    struct tm tm;
    int ms = 0;
    int minutes_east;
    if (!take_date(&at, &tm) || !take_clock(&at, &tm, &ms) || !take_zone(&at, &minutes_east) || at.size > 0)
        return false;
    *time_ms = ((int64_t)timegm(&tm) - minutes_east * 60) * MS_PER_SECOND + ms;
    return *time_ms >= FIRST_MS && *time_ms < END_MS;
}

size_t wire_time_print(int64_t time_ms, char text[static WIRE_TIME_SIZE])
{
    if (time_ms < FIRST_MS || time_ms >= END_MS)
        return 0;
    int64_t ms = time_ms % MS_PER_SECOND;
    if (ms < 0)
        ms += MS_PER_SECOND;
    time_t seconds = (time_t)((time_ms - ms) / MS_PER_SECOND);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char all[96];
    int size = snprintf(all, sizeof all, "%04d%02d%02d%02d%02d%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                        tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (ms > 0)
        size = snprintf(text, WIRE_TIME_SIZE, "%.14s.%03dZ", all, (int)ms);
    else
        size = snprintf(text, WIRE_TIME_SIZE, "%.14sZ", all);
    return (size_t)size;
}
