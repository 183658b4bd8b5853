/* timer_date.c: the days of a date; pure, so that it is tested on the host. */
#include "libos/bindings/virtio/x86_64/timer.h"

#define DAYS_1970_TO_2000 10957u

/* Right for the years 2000 to 2099, which are all that two digits say. */
uint64_t virtio_timer_seconds(struct timer_date date)
{
    static const uint16_t days_before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    uint64_t days = DAYS_1970_TO_2000 + date.year * 365 + (date.year + 3) / 4;

    days += days_before[(date.month - 1) % 12] + date.day - 1;
    if (date.year % 4 == 0 && date.month > 2)
        days++;
    return ((days * 24 + date.hour) * 60 + date.minute) * 60 + date.second;
}
