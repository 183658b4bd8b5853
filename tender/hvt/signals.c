/*
 * signals.c: SIGINT and SIGTERM end the tender in order.
 *
 * The handler itself ends it: there is nothing to put in order first, the kernel ends a guest that runs or
 * sleeps for any signal that has a handler, and so none can be missed between two system calls.
 */
#define _GNU_SOURCE
#include "tender/hvt/signals.h"

#include <signal.h>

#include "tender/common/message.h"
#include "tender/common/system.h"

#define STATUS_SIGNALLED 1
#define RESTORER         0x04000000u /* SA_RESTORER: the kernel delivers nothing without it */

/* What the kernel takes, which is not the C library's struct sigaction. */
struct kernel_sigaction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

static void end(int number)
{
    struct message message;
    message_begin(&message, "Exiting on signal ");
    message_add_number(&message, (uint64_t)number);
    message_print(&message, "bivy-hvt");
    system_exit(STATUS_SIGNALLED);
}

static void never_returned_to(void)
{
}

int signals_catch(struct message *message)
{
    const uint64_t ending = 1ull << (SIGINT - 1) | 1ull << (SIGTERM - 1);
    const struct kernel_sigaction action = {end, RESTORER, never_returned_to, ending};
    long result = syscall_do(SYS_rt_sigaction, SIGINT, (long)&action, 0, sizeof ending, 0, 0);
    if (result == 0)
        result = syscall_do(SYS_rt_sigaction, SIGTERM, (long)&action, 0, sizeof ending, 0, 0);
    /* Whoever started the tender may have them blocked. */
    if (result == 0)
        result = syscall_do(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&ending, 0, sizeof ending, 0, 0);
    return result == 0 ? 0 : message_fail(message, (int)result, "Could not catch signals", "SIGTERM");
}
