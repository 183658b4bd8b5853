/* sched.c: see sched.h. */
#include "libos/kernel/sched.h"

#define LOOK_EVERY 16u /* switches between two looks at the outside while threads can run */

static struct thread initial = {.number = 1, .state = THREAD_READY};
static struct thread *current = &initial, *all = &initial;
static struct thread *ready_first, **ready_last = &ready_first;
static sched_outside *outside;
static void (*ended)(struct thread *);
static struct thread *ended_thread;
static unsigned switches;
static int events;
static solo5_time_t (*timers)(void);

struct thread *sched_self(void)
{
    return current;
}

struct thread *sched_threads(void)
{
    if (!initial.link)
        initial.link = &all;
    return all;
}

void sched_set_outside(sched_outside *function)
{
    outside = function;
}

void sched_set_timers(solo5_time_t (*function)(void))
{
    timers = function;
}

void sched_count_events(int change)
{
    events += change;
}

static void look_outside(solo5_time_t deadline)
{
    if (outside)
        outside(deadline);
    else
        solo5_yield(deadline, NULL);
}

static void ready_add(struct thread *thread)
{
    thread->state = THREAD_READY;
    thread->next_ready = NULL;
    *ready_last = thread;
    ready_last = &thread->next_ready;
}

static struct thread *ready_take(void)
{
    struct thread *thread = ready_first;

    if (!thread)
        return NULL;
    ready_first = thread->next_ready;
    if (!ready_first)
        ready_last = &ready_first;
    return thread;
}

void sched_wake(struct thread *thread)
{
    thread->woken = true;
    if (thread->state == THREAD_BLOCKED)
        ready_add(thread);
}

/* Makes those runnable whose time has come; the next time that one waits for. */
static solo5_time_t deadlines_check(void)
{
    solo5_time_t next = timers ? timers() : SCHED_NEVER, now = 0;

    for (struct thread *thread = sched_threads(); thread; thread = thread->next) {
        if (thread->state != THREAD_BLOCKED || thread->deadline == SCHED_NEVER)
            continue;
        if (now == 0)
            now = solo5_clock_monotonic();
        if (thread->deadline <= now)
            ready_add(thread);
        else if (thread->deadline < next)
            next = thread->deadline;
    }
    return next;
}

/* What a thread that ended on its own stack has left to do, done on the next one's. */
static void finish_ended(void)
{
    struct thread *thread = ended_thread;

    ended_thread = NULL;
    if (thread)
        ended(thread);
}

static void switch_to(struct thread *thread)
{
    struct thread *from = current;

    if (thread == from)
        return;
    if (!from->tls)
        from->tls = sched_tls_base();
    current = thread;
    solo5_set_tls_base(thread->tls);
    sched_switch(&from->stack_pointer, thread->stack_pointer);
    finish_ended();
}

void sched_first(int (*entry)(void *), void *argument)
{
    finish_ended();
    entry(argument);
}

/* Goes on with the next thread that can run, waiting for the outside until there is one. */
static void run_next(void)
{
    struct thread *thread;

    if (++switches % LOOK_EVERY == 0 && ready_first) {
        look_outside(0);
        deadlines_check();
    }
    while (!(thread = ready_take())) {
        solo5_time_t deadline = deadlines_check();
        if (ready_first)
            continue;
        if (deadline == SCHED_NEVER && events == 0)
            sched_deadlock();
        look_outside(deadline);
    }
    switch_to(thread);
}

bool sched_block(const char *reason, solo5_time_t deadline)
{
    struct thread *self = current;
    bool woken;

    if (!self->woken) {
        self->state = THREAD_BLOCKED;
        self->reason = reason;
        self->deadline = deadline;
        run_next();
    }
    woken = self->woken;
    self->woken = false;
    return woken;
}

void sched_pass(void)
{
    if (!ready_first) {
        look_outside(0);
        deadlines_check();
    }
    if (!ready_first)
        return;
    ready_add(current);
    run_next();
}

void sched_add(struct thread *thread)
{
    thread->next = sched_threads();
    thread->link = &all;
    thread->next->link = &thread->next;
    all = thread;
    ready_add(thread);
}

void sched_end(void (*end)(struct thread *))
{
    struct thread *self = current;

    sched_threads();
    *self->link = self->next;
    if (self->next)
        self->next->link = self->link;
    self->state = THREAD_ENDED;
    ended = end;
    ended_thread = self;
    run_next();
    __builtin_unreachable();
}
