/* The scheduler, its queues and timers, on the host: what switches stacks is the guest's own code, time is
 * the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libos/kernel/sched.h"
#include "libos/kernel/timer.h"
#include "libos/kernel/wait.h"

#define STACK (256u * 1024u)

static solo5_time_t now;
static int looks, ended;
static struct waitq queue;
static char trace[64];

solo5_time_t solo5_clock_monotonic(void)
{
    return now;
}

/* The outside: nothing comes, time passes. */
void solo5_yield(solo5_time_t deadline, solo5_handle_set_t *ready)
{
    (void)ready;
    looks++;
    if (deadline > now)
        now = deadline;
}

solo5_result_t solo5_set_tls_base(uintptr_t base)
{
    (void)base;
    return SOLO5_R_OK;
}

static jmp_buf deadlock;

void sched_deadlock(void)
{
    longjmp(deadlock, 1);
}

static void note(char letter)
{
    size_t used = strlen(trace);

    trace[used] = letter;
    trace[used + 1] = '\0';
}

static void on_end(struct thread *thread)
{
    ended++;
    free((void *)thread->stack_low);
    free(thread);
}

static void start(int (*entry)(void *), const void *argument)
{
    struct thread *thread = calloc(1, sizeof *thread);

    thread->stack_low = (uintptr_t)malloc(STACK);
    thread->tls = 1;
    thread->number = 2;
    thread->stack_pointer =
        sched_prepare((void *)(thread->stack_low + STACK), entry, (void *)(uintptr_t)argument);
    sched_add(thread);
}

static int say_and_pass(void *argument)
{
    for (int i = 0; i < 3; i++) {
        note(*(char *)argument);
        sched_pass();
    }
    sched_end(on_end);
}

static int wait_in_queue(void *argument)
{
    struct wait entry;

    waitq_add_self(&queue, &entry);
    sched_block("queue", SCHED_NEVER);
    wait_remove(&entry);
    note(*(char *)argument);
    sched_end(on_end);
}

static int sleep_some(void *argument)
{
    assert_false(sched_block("time", now + *(unsigned *)argument));
    note((char)('0' + *(unsigned *)argument));
    sched_end(on_end);
}

static int set_up(void **state)
{
    (void)state;
    trace[0] = '\0';
    ended = looks = 0;
    sched_self()->tls = 1;
    return 0;
}

static void threads_take_turns(void **state)
{
    (void)state;
    start(say_and_pass, "a");
    start(say_and_pass, "b");
    while (ended < 2)
        sched_pass();
    assert_string_equal(trace, "ababab");
}

static void a_wake_up_reaches_all_who_wait(void **state)
{
    (void)state;
    start(wait_in_queue, "a");
    start(wait_in_queue, "b");
    sched_pass();
    assert_string_equal(trace, "");
    waitq_wake(&queue);
    while (ended < 2)
        sched_pass();
    assert_int_equal(strlen(trace), 2);
    assert_null(queue.first);
}

static void sleepers_wake_in_the_order_of_their_times(void **state)
{
    static unsigned times[] = {5, 1, 3};

    (void)state;
    now = 1000;
    for (size_t i = 0; i < 3; i++)
        start(sleep_some, &times[i]);
    assert_false(sched_block("time", now + 9));
    assert_string_equal(trace, "135");
    assert_int_equal(now, 1009);
}

static void a_wake_up_before_the_wait_is_not_lost(void **state)
{
    (void)state;
    sched_wake(sched_self());
    assert_true(sched_block("nothing", SCHED_NEVER));
    assert_int_equal(looks, 0);
}

static int fired;

static void on_time(struct timer *timer)
{
    fired++;
    if (fired == 1)
        timer_set(timer, now + 10, on_time);
}

static void timers_fire_and_may_be_set_again(void **state)
{
    struct timer one = {0}, two = {0};

    (void)state;
    now = 100;
    timer_set(&one, 150, on_time);
    timer_set(&two, 400, on_time);
    timer_cancel(&two);
    timer_cancel(&two);
    assert_false(sched_block("time", 300));
    assert_int_equal(fired, 2);
    assert_int_equal(now, 300);
    assert_null(one.link);
}

static void nothing_left_to_wait_for_is_a_deadlock(void **state)
{
    (void)state;
    if (setjmp(deadlock) == 0) {
        sched_block("nothing", SCHED_NEVER);
        fail();
    }
    sched_wake(sched_self());
    sched_pass();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(threads_take_turns, set_up),
        cmocka_unit_test_setup(a_wake_up_reaches_all_who_wait, set_up),
        cmocka_unit_test_setup(sleepers_wake_in_the_order_of_their_times, set_up),
        cmocka_unit_test_setup(a_wake_up_before_the_wait_is_not_lost, set_up),
        cmocka_unit_test_setup(timers_fire_and_may_be_set_again, set_up),
        cmocka_unit_test_setup(nothing_left_to_wait_for_is_a_deadlock, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
