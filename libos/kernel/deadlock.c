/*
 * deadlock.c: the last words of a unikernel whose threads all wait for each other.
 *
 * For each thread: its number, what it waits for, and the return addresses on its stack, the innermost first.
 * They are found by looking: a word that points behind a call. Some may be left over from earlier calls.
 */
#include "libos/kernel/say.h"
#include "libos/kernel/sched.h"
#include "libos/kernel/x86_64/stack.h"

#define FRAMES_MAX 16
#define WORDS_MAX  4096u /* of one stack that are looked at */

extern const char bivy_code_start[], bivy_code_end[];
extern struct solo5_start_info kernel_info;

static void say_frames(const struct thread *thread)
{
    const uintptr_t *word = thread->stack_pointer;
    uintptr_t end = thread->stack_high ? thread->stack_high : kernel_info.heap_start + kernel_info.heap_size;
    unsigned frames = 0;

    if (thread == sched_self())
        word = __builtin_frame_address(0);
    for (unsigned i = 0; i < WORDS_MAX && (uintptr_t)(word + i) < end && frames < FRAMES_MAX; i++) {
        if (stack_is_return(word[i], (uintptr_t)bivy_code_start, (uintptr_t)bivy_code_end)) {
            say(" ");
            say_hex(word[i]);
            frames++;
        }
    }
}

void sched_deadlock(void)
{
    say("deadlock: every thread waits, and nothing that could wake one is left\n");
    for (struct thread *thread = sched_threads(); thread; thread = thread->next) {
        say("  thread ");
        say_number((unsigned long)thread->number);
        say(" waits for ");
        say(thread->reason ? thread->reason : "nothing");
        say(", called from");
        say_frames(thread);
        say("\n");
    }
    solo5_abort();
}
