/*
 * signal.c: the signals that a thread sends itself.
 *
 * Nobody else can send one: there is one process. Handlers, masks and raise() work; what is raised runs its
 * handler at once, or as soon as it is no longer blocked.
 */
#include "libos/kernel/say.h"
#include "libos/kernel/sched.h"
#include "libos/posix/call.h"

#include <signal.h>
#include <string.h>

#define SET_SIZE sizeof(uint64_t)

/* As the kernel's interface has it. */
struct action {
    union {
        void (*handler)(int);
        void (*detailed)(int, siginfo_t *, void *);
    };
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

void __restore(void);
void __restore_rt(void);

static struct action actions[_NSIG];
static uint64_t pending;

static uint64_t *mask(void)
{
    return &sched_self()->signals_blocked;
}

/* Never called: handlers are called as functions and return. */
void __restore(void)
{
}
void __restore_rt(void) __attribute__((alias("__restore")));

static bool ignored_by_default(int number)
{
    return number == SIGCHLD || number == SIGURG || number == SIGWINCH || number == SIGCONT;
}

static void deliver(int number)
{
    struct action action = actions[number];
    uint64_t before = *mask();

    if (action.handler == SIG_IGN || (action.handler == SIG_DFL && ignored_by_default(number)))
        return;
    if (action.handler == SIG_DFL) {
        say("ended by its own signal ");
        say_number((unsigned long)number);
        say("\n");
        solo5_abort();
    }
    if (action.flags & SA_RESETHAND)
        actions[number].handler = SIG_DFL;
    *mask() |= action.mask | (action.flags & SA_NODEFER ? 0 : UINT64_C(1) << (number - 1));
    if (action.flags & SA_SIGINFO) {
        siginfo_t info = {.si_signo = number, .si_code = SI_TKILL};
        action.detailed(number, &info, NULL);
    } else {
        action.handler(number);
    }
    *mask() = before;
}

static void deliver_pending(void)
{
    uint64_t open;

    while ((open = pending & ~*mask())) {
        int number = __builtin_ctzll(open) + 1;
        pending &= ~(UINT64_C(1) << (number - 1));
        deliver(number);
    }
}

/* Sets what a signal does; only the thread itself raises any. */
POSIX_CALL(rt_sigaction, int number, const struct action *action, struct action *before, size_t size)
{
    if (number < 1 || number >= _NSIG || size != SET_SIZE ||
        (action && (number == SIGKILL || number == SIGSTOP)))
        return -EINVAL;
    if (before)
        *before = actions[number];
    if (action)
        actions[number] = *action;
    return 0;
}

/* What the thread does not want to be interrupted by. */
POSIX_CALL(rt_sigprocmask, int how, const uint64_t *set, uint64_t *before, size_t size)
{
    if (size != SET_SIZE)
        return -EINVAL;
    if (before)
        *before = *mask();
    if (!set)
        return 0;
    if (how == SIG_BLOCK)
        *mask() |= *set;
    else if (how == SIG_UNBLOCK)
        *mask() &= ~*set;
    else if (how == SIG_SETMASK)
        *mask() = *set;
    else
        return -EINVAL;
    if (pending)
        deliver_pending();
    return 0;
}

/* The signals that were raised while they were blocked. */
POSIX_CALL(rt_sigpending, uint64_t *set, size_t size)
{
    if (size != SET_SIZE)
        return -EINVAL;
    *set = pending;
    return 0;
}

/* Partial: to the calling thread only (raise()); another thread cannot be interrupted: ENOSYS. */
POSIX_CALL(tkill, int thread, int number)
{
    if (number < 0 || number >= _NSIG)
        return -EINVAL;
    if (thread != sched_self()->number)
        return -ENOSYS;
    if (number > 0)
        pending |= UINT64_C(1) << (number - 1);
    deliver_pending();
    return 0;
}

/* Partial: there is no other stack for signals; it is accepted and not used. */
POSIX_CALL(sigaltstack, const void *stack, stack_t *before)
{
    (void)stack;
    if (before)
        *before = (stack_t){.ss_flags = SS_DISABLE};
    return 0;
}
