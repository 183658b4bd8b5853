#include "tests/check.h"

#include "net/limit.h"

#define SECOND UINT64_C(1000000000)

static unsigned passed(struct limit *limit, unsigned frames, size_t size, uint64_t now_ns)
{
    unsigned count = 0;
    for (unsigned i = 0; i < frames; i++)
        count += limit_pass(limit, size, now_ns);
    return count;
}

static void a_burst_passes_as_far_as_the_bucket_goes(void **state)
{
    (void)state;
    struct limit limit = {0};
    limit_set(&limit, 0, 100, SECOND);
    assert_int_equal(passed(&limit, 1000, 60, SECOND), 100);
    assert_int_equal(passed(&limit, 1000, 60, SECOND), 0);
    assert_int_equal(passed(&limit, 1000, 60, SECOND + SECOND / 2), 50);
    assert_int_equal(passed(&limit, 1000, 60, 100 * SECOND), 100);
}

static void bytes_and_packets_both_count(void **state)
{
    (void)state;
    struct limit limit = {0};
    limit_set(&limit, 100000, 20, 0);
    assert_int_equal(passed(&limit, 1000, 10000, 0), 10);
    limit_set(&limit, 100000, 20, 0);
    assert_int_equal(passed(&limit, 1000, 100, 0), 20);
    /* What is refused for its packets takes no bytes, and the other way round. */
    assert_int_equal(limit.bytes.tokens, 98000);
}

static void small_rates_still_let_a_connection_begin(void **state)
{
    (void)state;
    struct limit limit = {0};
    limit_set(&limit, 1, 1, 0);
    assert_int_equal(passed(&limit, 100, 1024, 0), LIMIT_PACKETS_LEAST);
}

static void no_rate_is_rounded_away(void **state)
{
    (void)state;
    struct limit limit = {0};
    unsigned count = 0;
    limit_set(&limit, 0, 3, 0);
    count += passed(&limit, 100, 60, 0);
    for (uint64_t now = 0; now <= 10 * SECOND; now += 1000003)
        count += limit_pass(&limit, 60, now);
    assert_int_equal(count, LIMIT_PACKETS_LEAST + 29);
}

static void time_that_stands_still_or_goes_back_gives_nothing(void **state)
{
    (void)state;
    struct limit limit = {0};
    limit_set(&limit, 0, 100, 5 * SECOND);
    assert_int_equal(passed(&limit, 1000, 60, SECOND), 100);
    assert_int_equal(passed(&limit, 1000, 60, 5 * SECOND), 0);
}

static void extreme_rates_do_not_overflow(void **state)
{
    (void)state;
    struct limit limit = {0};
    limit_set(&limit, UINT64_MAX, UINT64_MAX, 0);
    assert_true(limit_pass(&limit, 65550, UINT64_MAX));
    assert_int_equal(limit.packets.size, LIMIT_RATE_MOST);
}

static void without_a_rate_everything_passes(void **state)
{
    (void)state;
    struct limit limit = {0};
    assert_false(limit_is_set(&limit));
    limit_set(&limit, 0, 0, 0);
    assert_int_equal(passed(&limit, 1000, 65550, 0), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_as_far_as_the_bucket_goes),
        cmocka_unit_test(bytes_and_packets_both_count),
        cmocka_unit_test(small_rates_still_let_a_connection_begin),
        cmocka_unit_test(no_rate_is_rounded_away),
        cmocka_unit_test(time_that_stands_still_or_goes_back_gives_nothing),
        cmocka_unit_test(extreme_rates_do_not_overflow),
        cmocka_unit_test(without_a_rate_everything_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
