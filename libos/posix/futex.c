/* futex.c: threads that wait for a word of memory to change: what mutexes and conditions are made of. */
#include "libos/posix/futex.h"

#include "libos/kernel/sched.h"
#include "libos/posix/call.h"
#include "libos/posix/clock.h"

#include <limits.h>

#define WAIT     0
#define WAKE     1
#define REQUEUE  3
#define PRIVATE  128
#define REALTIME 256
#define CHAINS   16u

struct waiter {
    struct waiter *next, **link; /* link NULL: it was woken */
    const int *word;
    struct thread *thread;
};

struct chain {
    struct waiter *first, **last;
};

static struct chain chains[CHAINS];

static struct chain *chain_of(const int *word)
{
    struct chain *chain = &chains[(uintptr_t)word / sizeof *word % CHAINS];

    if (!chain->last)
        chain->last = &chain->first;
    return chain;
}

static void waiter_add(struct waiter *waiter, const int *word)
{
    struct chain *chain = chain_of(word);

    waiter->word = word;
    waiter->next = NULL;
    waiter->link = chain->last;
    *chain->last = waiter;
    chain->last = &waiter->next;
}

static void waiter_remove(struct waiter *waiter)
{
    struct chain *chain = chain_of(waiter->word);

    *waiter->link = waiter->next;
    if (waiter->next)
        waiter->next->link = waiter->link;
    else
        chain->last = waiter->link;
    waiter->link = NULL;
}

int futex_wake(const int *word, int most)
{
    struct waiter *waiter = chain_of(word)->first, *next;
    int count = 0;

    for (; waiter && count < most; waiter = next) {
        next = waiter->next;
        if (waiter->word != word)
            continue;
        waiter_remove(waiter);
        sched_wake(waiter->thread);
        count++;
    }
    return count;
}

static int futex_wait(const int *word, int value, const struct timespec *timeout)
{
    struct waiter waiter = {.thread = sched_self()};
    solo5_time_t deadline = SCHED_NEVER;

    if (*(const volatile int *)word != value)
        return -EAGAIN;
    if (timeout) {
        solo5_time_t duration;
        if (clock_duration(timeout, &duration) < 0)
            return -EINVAL;
        deadline = clock_deadline(duration);
    }
    waiter_add(&waiter, word);
    while (waiter.link) {
        if (!sched_block("a lock", deadline) && waiter.link) {
            waiter_remove(&waiter);
            return -ETIMEDOUT;
        }
    }
    return 0;
}

/* Wakes some of those who wait for WORD and lets others of them wait for TARGET. */
static int futex_requeue(const int *word, int wake, int move, const int *target)
{
    int count = futex_wake(word, wake);
    struct waiter *waiter = chain_of(word)->first, *next;

    for (int moved = 0; waiter && moved < move; waiter = next) {
        next = waiter->next;
        if (waiter->word != word)
            continue;
        waiter_remove(waiter);
        waiter_add(waiter, target);
        moved++;
        count++;
    }
    return count;
}

/* Partial: waiting, waking and requeueing, which is what the C library needs; no priority inheritance. */
POSIX_CALL(futex, const int *word, int operation, int value, const void *timeout, const int *target)
{
    switch (operation & ~(PRIVATE | REALTIME)) {
    case WAIT:
        return futex_wait(word, value, timeout);
    case WAKE:
        return futex_wake(word, value);
    case REQUEUE:
        return word == target ? 0 : futex_requeue(word, value, (int)(uintptr_t)timeout, target);
    default:
        return -ENOSYS;
    }
}
