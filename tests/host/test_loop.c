#include "tests/check.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "host/error.h"
#include "host/loop.h"

struct trace {
    struct loop *loop;
    struct loop_source *a, *b;
    char text[16];
    size_t size;
};

static void note(struct trace *t, char c)
{
    t->text[t->size++] = c;
    t->text[t->size] = '\0';
}

static void timer_a(void *context)
{
    note(context, 'a');
}

static void timer_b(void *context)
{
    note(context, 'b');
}

static void timer_stop(void *context)
{
    struct trace *t = context;
    note(t, 's');
    loop_stop(t->loop);
}

static void timers_fire_in_order_and_a_cancelled_one_does_not(void **state)
{
    (void)state;
    struct trace t = {.loop = loop_create(NULL)};
    loop_after(t.loop, 3000000, timer_stop, &t, NULL);
    loop_after(t.loop, 2000000, timer_b, &t, NULL);
    struct loop_timer *gone = loop_after(t.loop, 1500000, timer_a, &t, NULL);
    loop_after(t.loop, 1000000, timer_a, &t, NULL);
    loop_cancel(&gone);
    assert_null(gone);
    assert_int_equal(loop_run(t.loop), 0);
    assert_string_equal(t.text, "abs");
    loop_destroy(t.loop);
}

static void removes_the_other(void *context, uint32_t events)
{
    struct trace *t = context;
    (void)events;
    note(t, 'x');
    loop_remove(&t->a);
    loop_remove(&t->b);
}

static void a_removed_source_is_not_called_even_if_its_event_was_taken(void **state)
{
    (void)state;
    int p[2], q[2];
    assert_int_equal(pipe(p) + pipe(q), 0);
    struct trace t = {.loop = loop_create(NULL)};
    t.a = loop_add(t.loop, p[0], EPOLLIN, removes_the_other, &t, NULL);
    t.b = loop_add(t.loop, q[0], EPOLLIN, removes_the_other, &t, NULL);
    assert_int_equal(write(p[1], "x", 1) + write(q[1], "x", 1), 2);
    assert_int_equal(loop_turn(t.loop, 0), 0);
    assert_int_equal(loop_turn(t.loop, 0), 0);
    assert_string_equal(t.text, "x");
    loop_destroy(t.loop);
    int all[] = {p[0], p[1], q[0], q[1]};
    for (size_t i = 0; i < 4; i++)
        close(all[i]);
}

static void watching_a_closed_descriptor_fails_with_a_reason(void **state)
{
    (void)state;
    struct error err = {0};
    struct loop *loop = loop_create(&err);
    assert_null(loop_add(loop, -1, EPOLLIN, removes_the_other, NULL, &err));
    assert_string_equal(err.text, "watch descriptor: Bad file descriptor");
    loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_and_a_cancelled_one_does_not),
        cmocka_unit_test(a_removed_source_is_not_called_even_if_its_event_was_taken),
        cmocka_unit_test(watching_a_closed_descriptor_fails_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
