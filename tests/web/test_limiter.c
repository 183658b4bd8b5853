#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "web/server/limiter.h"
#include "web/server/setup.h"

static struct limiter *open_limiter(void)
{
    struct limiter *limiter = malloc(sizeof *limiter);
    assert_non_null(limiter);
    limiter_init(limiter, 3, 1000);
    return limiter;
}

static void gives_a_burst_then_one_a_second(void **state)
{
    (void)state;
    struct limiter *limiter = open_limiter();
    for (int i = 0; i < 3; i++)
        assert_int_equal(limiter_take(limiter, 7, 5000), 0);
    assert_int_equal(limiter_take(limiter, 7, 5000), 1000);
    assert_int_equal(limiter_take(limiter, 7, 5600), 400);
    assert_int_equal(limiter_take(limiter, 7, 6000), 0);
    assert_int_equal(limiter_take(limiter, 7, 6000), 1000);
    assert_int_equal(limiter_take(limiter, 8, 6000), 0);
    free(limiter);
}

static void does_not_count_good_tries(void **state)
{
    (void)state;
    struct limiter *limiter = open_limiter();
    for (int i = 0; i < 100; i++) {
        assert_int_equal(limiter_take(limiter, 7, 5000), 0);
        limiter_return(limiter, 7, 5000);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(limiter_take(limiter, 7, 5000), 0);
    assert_int_equal(limiter_take(limiter, 7, 5000), 1000);
    free(limiter);
}

static void remembers_the_worst_when_full(void **state)
{
    (void)state;
    struct limiter *limiter = open_limiter();
    for (int i = 0; i < 3; i++)
        limiter_take(limiter, 7, 5000);
    for (uint64_t key = 100; key < 100 + 5 * LIMITER_BUCKETS; key++)
        assert_int_equal(limiter_take(limiter, key, 5000), 0);
    assert_int_equal(limiter_take(limiter, 7, 5000), 1000);
    free(limiter);
}

static void tells_kinds_apart(void **state)
{
    (void)state;
    struct limiter *limiter = open_limiter();
    assert_true(limiter_key(limiter, "name", "x") != limiter_key(limiter, "address", "x"));
    assert_true(limiter_key(limiter, "name", "x") == limiter_key(limiter, "name", "x"));
    free(limiter);
}

static void takes_the_setup_code_however_it_is_typed(void **state)
{
    (void)state;
    struct setup setup;
    char typed[64] = "";
    assert_int_equal(setup_init(&setup, true), 0);
    assert_true(setup_check(&setup, setup.code));
    for (size_t i = 0, n = 0; setup.code[i] != '\0'; i++)
        if (setup.code[i] != '-')
            typed[n++] = (char)(setup.code[i] >= 'a' ? setup.code[i] - 32 : setup.code[i]);
    assert_true(setup_check(&setup, typed));
    assert_false(setup_check(&setup, ""));
    typed[0] = typed[0] == '0' ? '1' : '0';
    assert_false(setup_check(&setup, typed));
    char good[SETUP_CODE_SIZE];
    snprintf(good, sizeof good, "%s", setup.code);
    setup_finish(&setup);
    assert_false(setup_check(&setup, good));
    assert_false(setup_check(&setup, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_a_burst_then_one_a_second),
        cmocka_unit_test(does_not_count_good_tries),
        cmocka_unit_test(remembers_the_worst_when_full),
        cmocka_unit_test(tells_kinds_apart),
        cmocka_unit_test(takes_the_setup_code_however_it_is_typed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
