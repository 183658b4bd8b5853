/* wait.c: see wait.h. */
#include "libos/kernel/wait.h"

#include "libos/kernel/sched.h"

void waitq_add(struct waitq *queue, struct wait *entry)
{
    entry->next = queue->first;
    entry->link = &queue->first;
    if (entry->next)
        entry->next->link = &entry->next;
    queue->first = entry;
}

void wait_remove(struct wait *entry)
{
    if (!entry->link)
        return;
    *entry->link = entry->next;
    if (entry->next)
        entry->next->link = entry->link;
    entry->link = NULL;
}

void waitq_wake(struct waitq *queue)
{
    struct wait *entry = queue->first, *next;

    for (; entry; entry = next) {
        next = entry->next;
        entry->wake(entry);
    }
}

void waitq_end(struct waitq *queue)
{
    while (queue->first)
        queue->first->gone(queue->first);
}

static void wake_thread(struct wait *entry)
{
    sched_wake(entry->thread);
}

void waitq_add_self(struct waitq *queue, struct wait *entry)
{
    entry->wake = wake_thread;
    entry->thread = sched_self();
    waitq_add(queue, entry);
}
