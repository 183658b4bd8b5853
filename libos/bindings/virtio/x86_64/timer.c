/* timer.c: see timer.h. Source: the data sheets of the Intel 8254 and of the MC146818. */
#include "libos/bindings/virtio/x86_64/timer.h"

#include "libos/bindings/virtio/x86_64/port.h"
#include "libos/bindings/x86_64/syscall.h"

#include <stdbool.h>

#define TIMER_HZ        1193182u
#define PORT_COUNTER    0x42 /* the third, whose gate is a port */
#define PORT_COMMAND    0x43
#define PORT_GATE       0x61
#define GATE_ON         1u
#define GATE_SPEAKER    2u
#define COUNT_DOWN      0xb0 /* third counter, both bytes, mode 0 */
#define READ_BACK       0xc8 /* third counter: its status, then its count, as they are now */
#define STATUS_ENDED    0x80
#define STATUS_NOT_YET  0x40
#define START_COUNT     0xffffu
#define MEASURED_COUNTS 12000u /* about 10 ms of the 55 that it counts */
#define SAMPLES         8
#define ATTEMPTS        4

#define PORT_RTC_INDEX 0x70
#define PORT_RTC_DATA  0x71
#define RTC_STATUS_A   10
#define RTC_STATUS_B   11
#define RTC_UPDATING   0x80
#define RTC_BINARY     4u
#define RTC_24_HOURS   2u
#define RTC_READS      100000
#define NSEC_PER_SEC   UINT64_C(1000000000)

struct sample {
    uint64_t cycles;
    unsigned count; /* down from START_COUNT; 0: it has ended, or is none */
};

/*
 * The counter and the cycles at one moment. Anything may happen between two instructions, above all another
 * machine's turn; so that of several looks the one counts that was the shortest.
 */
static struct sample sample_take(void)
{
    struct sample best = {0, 0};
    uint64_t shortest = UINT64_MAX;

    for (int i = 0; i < SAMPLES; i++) {
        uint64_t before = cpu_cycles(), after;
        unsigned status, count;
        port_write8(PORT_COMMAND, READ_BACK);
        after = cpu_cycles();
        status = port_read8(PORT_COUNTER);
        count = port_read8(PORT_COUNTER);
        count |= (unsigned)port_read8(PORT_COUNTER) << 8;
        if ((status & (STATUS_ENDED | STATUS_NOT_YET)) != 0)
            return (struct sample){0, 0};
        if (after - before < shortest) {
            shortest = after - before;
            best = (struct sample){before + (after - before) / 2, count};
        }
    }
    return best;
}

static uint64_t measure_once(void)
{
    struct sample start, end;

    port_write8(PORT_GATE, (uint8_t)((port_read8(PORT_GATE) & ~GATE_SPEAKER) | GATE_ON));
    port_write8(PORT_COMMAND, COUNT_DOWN);
    port_write8(PORT_COUNTER, START_COUNT & 0xff);
    port_write8(PORT_COUNTER, START_COUNT >> 8);
    port_read8(PORT_GATE); /* the count is taken over at the timer's next beat */
    start = sample_take();
    do
        end = sample_take();
    while (end.count != 0 && start.count > end.count && start.count - end.count < MEASURED_COUNTS);
    if (end.count == 0 || start.count <= end.count)
        return 0;
    return (end.cycles - start.cycles) * TIMER_HZ / (start.count - end.count);
}

uint64_t virtio_timer_measure(void)
{
    uint64_t frequency = 0;

    for (int i = 0; i < ATTEMPTS && frequency == 0; i++)
        frequency = measure_once();
    return frequency;
}

static uint8_t rtc_read(uint8_t number)
{
    port_write8(PORT_RTC_INDEX, number);
    return port_read8(PORT_RTC_DATA);
}

static unsigned rtc_number(uint8_t number, uint8_t format)
{
    unsigned value = rtc_read(number);

    return (format & RTC_BINARY) ? value : (value >> 4) * 10 + (value & 15);
}

static struct timer_date rtc_date(uint8_t format)
{
    struct timer_date date = {.second = rtc_number(0, format), .minute = rtc_number(2, format)};
    bool afternoon = (format & RTC_24_HOURS) == 0 && (rtc_read(4) & 0x80) != 0;

    date.hour = rtc_number(4, format);
    if ((format & RTC_24_HOURS) == 0)
        date.hour =
            (date.hour - (afternoon ? ((format & RTC_BINARY) ? 128 : 80) : 0)) % 12 + (afternoon ? 12 : 0);
    date.day = rtc_number(7, format);
    date.month = rtc_number(8, format);
    date.year = rtc_number(9, format) % 100;
    return date;
}

uint64_t virtio_timer_wall(void)
{
    uint8_t format = rtc_read(RTC_STATUS_B);
    struct timer_date date;

    if (format == 0xff)
        return 0;
    for (int i = 0; i < RTC_READS; i++) {
        if (rtc_read(RTC_STATUS_A) & RTC_UPDATING)
            continue;
        date = rtc_date(format);
        /* An update in between shows in the seconds. */
        if (date.second == rtc_number(0, format))
            return virtio_timer_seconds(date) * NSEC_PER_SEC;
    }
    return 0;
}
