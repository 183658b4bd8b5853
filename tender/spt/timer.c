/* timer.c: see timer.h. */
#define _GNU_SOURCE
#include "tender/spt/timer.h"

#include <sys/timerfd.h>
#include <time.h>

#include "bivy/abi/spt.h"
#include "tender/common/events.h"
#include "tender/common/message.h"
#include "tender/common/system.h"

int timer_open(int epoll, int *timer, struct message *message)
{
    *timer = (int)syscall_do(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC, 0, 0, 0, 0);
    int result = *timer < 0 ? *timer : events_watch(epoll, *timer, SPT_EVENT_TIMER);
    return result < 0 ? message_fail(message, result, "Could not create the guest's timer", "epoll") : 0;
}
