/* timer.h: functions that are called at a time, while threads wait; few at a time: the list is sorted. */
#ifndef LIBOS_TIMER_H
#define LIBOS_TIMER_H

#include <solo5.h>

struct timer {
    struct timer *next, **link; /* link NULL: not set */
    solo5_time_t deadline;      /* of the monotonic clock */
    void (*passed)(struct timer *);
};

/* Has PASSED called at DEADLINE or soon after; TIMER, which is not set, must live until then. It may be set
 * again there. */
void timer_set(struct timer *timer, solo5_time_t deadline, void (*passed)(struct timer *));

/* Unsets TIMER, if it is set. */
void timer_cancel(struct timer *timer);

/* Calls what is due. */
void timers_check(void);

#endif
