/*
 * call.h: a guest's system call in the words of the interface that it stands for.
 *
 * A process guest makes the system calls itself, so what a tracer sees are write() and epoll_pwait(); what
 * the developer wrote is solo5_net_write() and solo5_yield(). Pure: the tracer gathers, this module words.
 * Source: the Solo5 ABI facts, section 3.
 */
#ifndef DEBUG_CALL_H
#define DEBUG_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALL_TEXT_SIZE   256
#define CALL_DEVICES_MAX 64
#define CALL_EVENTS_MAX  8

struct call_device {
    int fd; /* the guest's descriptor; -1: not attached */
    bool is_block;
    char name[68]; /* as the manifest has it */
};

struct call {
    uint64_t number, arguments[6];
    bool returned; /* RESULT counts; otherwise the call was the guest's last */
    int64_t result;
    int64_t time_ns;                  /* of clock_gettime and timerfd_settime, read from the guest's memory */
    uint64_t events[CALL_EVENTS_MAX]; /* what epoll_pwait returned: handles */
    size_t event_count;
};

/* Words CALL: "net_write(service, 60 bytes) = OK". DEVICES[handle] are the guest's. */
void call_describe(const struct call *call, const struct call_device devices[static CALL_DEVICES_MAX],
                   char text[static CALL_TEXT_SIZE]);

#endif
