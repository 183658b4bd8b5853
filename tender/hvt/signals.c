/*
 * signals.c: SIGINT, SIGTERM, SIGHUP and SIGQUIT end the tender in order.
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

static const char *name;

static void end(int number)
{
    struct message message;
    message_begin(&message, "Exiting on signal ");
    message_add_number(&message, (uint64_t)number);
    message_print(&message, name);
    system_exit(STATUS_SIGNALLED);
}

static void never_returned_to(void)
{
}

/* The first process of a PID namespace is not ended by a signal that it does not catch. */
static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

int signals_catch(const char *program, struct message *message)
{
    struct kernel_sigaction action = {end, RESTORER, never_returned_to, 0};
    long result = 0;
    name = program;
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        action.mask |= 1ull << (numbers[i] - 1);
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0] && result == 0; i++)
        result = syscall_do(SYS_rt_sigaction, numbers[i], (long)&action, 0, sizeof action.mask, 0, 0);
    /* Whoever started the tender may have them blocked. */
    if (result == 0)
        result = syscall_do(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&action.mask, 0, sizeof action.mask, 0, 0);
    return result == 0 ? 0 : message_fail(message, (int)result, "Could not catch signals", "SIGTERM");
}
