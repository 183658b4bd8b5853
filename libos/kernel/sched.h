/*
 * sched.h: cooperative threads: who runs, who sleeps, and what happens when nobody can run.
 *
 * One thread runs until it waits for something; nothing interrupts it. While nobody can run, the thread that
 * found this out waits for the outside (solo5_yield(), or what the network put in its place) on its own
 * stack: a program of one thread never switches. If nobody can run, no time was set and nothing outside can
 * change that, the unikernel ends with the backtrace of every thread: a deadlock is reported, not slept
 * through.
 */
#ifndef LIBOS_SCHED_H
#define LIBOS_SCHED_H

#include <solo5.h>
#include <stdbool.h>

#define SCHED_NEVER UINT64_MAX /* a deadline that does not come */

enum thread_state { THREAD_READY, THREAD_BLOCKED, THREAD_ENDED };

struct thread {
    void *stack_pointer;             /* while it does not run */
    uintptr_t tls;                   /* its thread pointer */
    struct thread *next_ready;       /* in the queue of those that can run */
    struct thread *next, **link;     /* in the list of all */
    const char *reason;              /* what a blocked one waits for, in a word */
    uintptr_t stack_low, stack_high; /* the bytes of its stack; both 0: the initial stack */
    solo5_time_t deadline;
    uint64_t signals_blocked; /* a bit for each signal (posix/signal.c) */
    int *clear_on_exit;       /* a word that becomes 0, and is woken, when it ends; or NULL */
    int number;               /* its thread id; the initial one's is 1 */
    enum thread_state state;
    bool woken;
};

/* The thread that runs. */
struct thread *sched_self(void);

/* All threads, in no order. */
struct thread *sched_threads(void);

/*
 * The current thread sleeps until sched_wake() or until the monotonic clock reaches DEADLINE (nanoseconds).
 * True: it was woken, also by a wake-up that came since it last ran. REASON is a word for the report of a
 * deadlock.
 */
bool sched_block(const char *reason, solo5_time_t deadline);

/* Makes THREAD runnable, or lets its next sched_block() return at once. */
void sched_wake(struct thread *thread);

/* Lets every other thread that can run have its turn, and the outside be looked at. */
void sched_pass(void);

/* Adds THREAD, whose stack_pointer was made by sched_prepare(), to those that can run. */
void sched_add(struct thread *thread);

/* The current thread never runs again; END is called with it, on another thread's stack or in no case. */
void sched_end(void (*end)(struct thread *)) __attribute__((noreturn));

/*
 * Lays out the stack that ends at TOP so that switching to it calls ENTRY(ARGUMENT). Returns the stack
 * pointer. Where it returns to is not defined: ENTRY ends in sched_end().
 */
void *sched_prepare(void *top, int (*entry)(void *), void *argument);

/* How to wait for the outside: until DEADLINE at most, a time that has passed meaning "only look". */
typedef void sched_outside(solo5_time_t deadline);
void sched_set_outside(sched_outside *outside);

/* TIMERS does what is due and says when it must be called next (kernel/timer.h). */
void sched_set_timers(solo5_time_t (*timers)(void));

/* Counts what the outside can wake (an open socket counts 1): with none of it, waiting for ever is a
 * deadlock. */
void sched_count_events(int change);

/* Saves the current registers on the stack, that pointer in *SAVE, and goes on where LOAD was saved
 * (x86_64/switch.S). */
void sched_switch(void **save, void *load);

/* The thread pointer; where a new thread begins and what that calls first (x86_64/switch.S). */
uintptr_t sched_tls_base(void);
void sched_begin(void);
void sched_first(int (*entry)(void *), void *argument);

/* Prints why nothing can run any more, and every thread's backtrace; does not return (deadlock.c). */
void sched_deadlock(void) __attribute__((noreturn));

#endif
