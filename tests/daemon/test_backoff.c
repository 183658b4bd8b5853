#define _GNU_SOURCE
#include "tests/check.h"

#include "daemon/backoff.h"

static void doubles_up_to_the_limit(void **state)
{
    (void)state;
    assert_int_equal(backoff_delay(0, 0), BACKOFF_FIRST_NS);
    assert_int_equal(backoff_delay(1, 0), 2 * BACKOFF_FIRST_NS);
    assert_int_equal(backoff_delay(4, 0), 16 * BACKOFF_FIRST_NS);
    assert_int_equal(backoff_delay(20, 0), BACKOFF_MAX_NS);
    assert_int_equal(backoff_delay(4000000000u, 0), BACKOFF_MAX_NS);
}

static void chance_shortens_by_less_than_a_quarter(void **state)
{
    (void)state;
    for (uint32_t random = 0; random < 5000; random++) {
        uint64_t delay = backoff_delay(3, random);
        assert_true(delay <= 8 * BACKOFF_FIRST_NS && delay > 6 * BACKOFF_FIRST_NS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_up_to_the_limit),
        cmocka_unit_test(chance_shortens_by_less_than_a_quarter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
