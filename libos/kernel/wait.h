/*
 * wait.h: queues of those who wait for something to change.
 *
 * Who waits asks again after every wake-up: a wake-up says that something may have changed, never what. So
 * nothing is lost when two threads wait for the same, and a thread may stand in many queues at once.
 */
#ifndef LIBOS_WAIT_H
#define LIBOS_WAIT_H

#include <stddef.h>

struct thread;

/* One place in one queue; it lives wherever the waiter likes, mostly on its stack. */
struct wait {
    struct wait *next, **link;   /* link is NULL while it stands in no queue */
    void (*wake)(struct wait *); /* called by waitq_wake(); it may remove this entry, and no other */
    void (*gone)(struct wait *); /* called by waitq_end(): removes this entry; NULL: nothing is left in the
                                    queue then */
    struct thread *thread;       /* of wait_for_thread() */
};

struct waitq {
    struct wait *first;
};

/* Puts ENTRY, which stands in no queue, into QUEUE. */
void waitq_add(struct waitq *queue, struct wait *entry);

/* Takes ENTRY out of its queue; one that stands in none is left alone. */
void wait_remove(struct wait *entry);

/* Calls every entry's wake(). */
void waitq_wake(struct waitq *queue);

/* What the queue belongs to ends: calls the gone() of each entry that is still there. */
void waitq_end(struct waitq *queue);

/* Puts ENTRY into QUEUE so that a wake-up makes the current thread runnable (kernel/sched.h). */
void waitq_add_self(struct waitq *queue, struct wait *entry);

#endif
