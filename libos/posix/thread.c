/*
 * thread.c: threads, as the C library starts and ends them.
 *
 * The library allocates the stack and the thread's own storage; here a thread is what the scheduler needs of
 * it.
 */
#include "libos/kernel/report.h"
#include "libos/kernel/sched.h"
#include "libos/posix/call.h"
#include "libos/posix/futex.h"
#include "libos/posix/memory.h"

#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int __clone(int (*entry)(void *), void *stack, int flags, void *argument, ...);
void __unmapself(void *stack, size_t size) __attribute__((noreturn));
long posix_call_munmap(void *address, size_t size);

static int last_number = 1;
static struct {
    void *stack;
    size_t size;
} left_behind;

static void thread_end(struct thread *thread)
{
    if (thread->clear_on_exit) {
        *thread->clear_on_exit = 0;
        futex_wake(thread->clear_on_exit, 1);
    }
    report_thread_end(memory_mapping_start(thread->stack_high - 1), thread->stack_high);
    if (left_behind.stack)
        posix_call_munmap(left_behind.stack, left_behind.size);
    left_behind.stack = NULL;
    if (thread->number != 1)
        free(thread);
}

/* What the C library calls for a new thread: after ARGUMENT come the thread id's place, the thread pointer,
 * and the word to clear. */
int __clone(int (*entry)(void *), void *stack, int flags, void *argument, ...)
{
    struct thread *thread = calloc(1, sizeof *thread);
    va_list rest;
    int *number;

    if (!thread)
        return -ENOMEM;
    va_start(rest, argument);
    number = va_arg(rest, int *);
    thread->tls = va_arg(rest, uintptr_t);
    thread->clear_on_exit = va_arg(rest, int *);
    va_end(rest);
    if (!(flags & CLONE_CHILD_CLEARTID))
        thread->clear_on_exit = NULL;
    thread->number = ++last_number;
    thread->stack_high = (uintptr_t)stack;
    thread->stack_pointer = sched_prepare(stack, entry, argument);
    if (flags & CLONE_PARENT_SETTID)
        *number = thread->number;
    sched_add(thread);
    return thread->number;
}

/* A detached thread ends and leaves its own stack to be freed. */
void __unmapself(void *stack, size_t size)
{
    left_behind.stack = stack;
    left_behind.size = size;
    sched_end(thread_end);
}

/* Ends the thread. */
POSIX_CALL(exit, int status)
{
    (void)status;
    sched_end(thread_end);
}

/* The number of the thread. */
POSIX_CALL(gettid, void)
{
    return sched_self()->number;
}

/* Sets the word that is cleared when the thread ends. */
POSIX_CALL(set_tid_address, int *word)
{
    sched_self()->clear_on_exit = word;
    return sched_self()->number;
}

/* The C library walks its own list of robust mutexes. */
POSIX_CALL(set_robust_list, void *head, size_t size)
{
    (void)head, (void)size;
    return 0;
}

/* Lets other threads, and the network, have their turn. */
POSIX_CALL(sched_yield, void)
{
    sched_pass();
    return 0;
}

/* Partial: one processor. */
POSIX_CALL(sched_getaffinity, int number, size_t size, void *set)
{
    (void)number;
    if (size < sizeof(unsigned long))
        return -EINVAL;
    *(unsigned long *)set = 1;
    return sizeof(unsigned long);
}
