/* timer.c: see timer.h. */
#include "libos/kernel/timer.h"

#include "libos/kernel/sched.h"

static struct timer *first;

static solo5_time_t timers_run(void)
{
    timers_check();
    return first ? first->deadline : SCHED_NEVER;
}

void timer_set(struct timer *timer, solo5_time_t deadline, void (*passed)(struct timer *))
{
    struct timer **at = &first;

    sched_set_timers(timers_run);
    while (*at && (*at)->deadline <= deadline)
        at = &(*at)->next;
    timer->deadline = deadline;
    timer->passed = passed;
    timer->next = *at;
    timer->link = at;
    if (timer->next)
        timer->next->link = &timer->next;
    *at = timer;
}

void timer_cancel(struct timer *timer)
{
    if (!timer->link)
        return;
    *timer->link = timer->next;
    if (timer->next)
        timer->next->link = timer->link;
    timer->link = NULL;
}

void timers_check(void)
{
    solo5_time_t now = first ? solo5_clock_monotonic() : 0;

    while (first && first->deadline <= now) {
        struct timer *timer = first;
        timer_cancel(timer);
        timer->passed(timer);
    }
}
