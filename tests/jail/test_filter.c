/* Every program is run on all system call numbers and on the arguments around each condition's edge. */
#include "tests/check.h"

#include <errno.h>
#include <linux/audit.h>
#include <sys/syscall.h>

#include "jail/filter.h"
#include "tests/jail/interpreter.h"

static struct filter filter;

static uint32_t run(uint32_t arch, uint32_t number, const uint64_t arguments[6])
{
    struct seccomp_data data = {.nr = (int)number, .arch = arch};
    for (int i = 0; i < 6; i++)
        data.args[i] = arguments[i];
    return interpreter_run(filter.code, filter.count, &data);
}

/* The program's answer when argument ARGUMENT is VALUE and all others are 0. */
static uint32_t run_with(uint32_t number, unsigned argument, uint64_t value)
{
    uint64_t arguments[6] = {0};
    arguments[argument] = value;
    return run(AUDIT_ARCH_X86_64, number, arguments);
}

static void allows_the_listed_numbers_only(void **state)
{
    (void)state;
    static const struct filter_rule rules[] = {FILTER_ALLOW(SYS_read), FILTER_FAIL(SYS_open, EACCES),
                                               FILTER_ALLOW(SYS_exit_group)};
    assert_int_equal(filter_build(&filter, rules, 3), 0);
    for (uint32_t number = 0; number < 600; number++) {
        uint32_t expected = number == SYS_read || number == SYS_exit_group ? SECCOMP_RET_ALLOW
                            : number == SYS_open                           ? SECCOMP_RET_ERRNO | EACCES
                                                                           : SECCOMP_RET_KILL_PROCESS;
        assert_int_equal(run_with(number, 0, 0), expected);
    }
}

static void kills_other_architectures_and_x32(void **state)
{
    (void)state;
    static const struct filter_rule rules[] = {FILTER_ALLOW(SYS_read)};
    static const uint64_t none[6];
    assert_int_equal(filter_build(&filter, rules, 1), 0);
    for (uint32_t number = 0; number < 600; number++) {
        assert_int_equal(run(AUDIT_ARCH_I386, number, none), SECCOMP_RET_KILL_PROCESS);
        assert_int_equal(run(AUDIT_ARCH_AARCH64, number, none), SECCOMP_RET_KILL_PROCESS);
        assert_int_equal(run(AUDIT_ARCH_X86_64, number | 0x40000000u, none), SECCOMP_RET_KILL_PROCESS);
    }
    assert_int_equal(run(AUDIT_ARCH_X86_64, UINT32_MAX, none), SECCOMP_RET_KILL_PROCESS);
}

static void an_empty_table_kills_everything(void **state)
{
    (void)state;
    assert_int_equal(filter_build(&filter, NULL, 0), 0);
    for (uint32_t number = 0; number < 600; number++)
        assert_int_equal(run_with(number, 0, 0), SECCOMP_RET_KILL_PROCESS);
}

static void equal_compares_all_64_bits(void **state)
{
    (void)state;
    const uint64_t value = 0x500000007u;
    for (uint8_t argument = 0; argument < 6; argument++) {
        struct filter_rule rule = FILTER_ALLOW_IF(SYS_write, {argument, FILTER_EQUAL, value, 0});
        assert_int_equal(filter_build(&filter, &rule, 1), 0);
        assert_int_equal(run_with(SYS_write, argument, value), SECCOMP_RET_ALLOW);
        const uint64_t wrong[] = {value - 1, value + 1, 7, value | 1ull << 63, 0, UINT64_MAX};
        for (size_t i = 0; i < 6; i++)
            assert_int_equal(run_with(SYS_write, argument, wrong[i]), SECCOMP_RET_KILL_PROCESS);
    }
}

static void at_most_compares_all_64_bits(void **state)
{
    (void)state;
    static const uint64_t limits[] = {0, 1, 511, 0xffffffff, 0x100000000, 0x5000001ff, UINT64_MAX - 1};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct filter_rule rule = FILTER_ALLOW_IF(SYS_pread64, {3, FILTER_AT_MOST, limits[i], 0});
        assert_int_equal(filter_build(&filter, &rule, 1), 0);
        assert_int_equal(run_with(SYS_pread64, 3, limits[i]), SECCOMP_RET_ALLOW);
        assert_int_equal(run_with(SYS_pread64, 3, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(run_with(SYS_pread64, 3, limits[i] / 2), SECCOMP_RET_ALLOW);
        assert_int_equal(run_with(SYS_pread64, 3, limits[i] + 1), SECCOMP_RET_KILL_PROCESS);
        assert_int_equal(run_with(SYS_pread64, 3, UINT64_MAX), SECCOMP_RET_KILL_PROCESS);
    }
}

static void masked_compares_the_masked_bits(void **state)
{
    (void)state;
    struct filter_rule rule = FILTER_ALLOW_IF(SYS_mmap, {2, FILTER_MASKED, 1, 0x8000000000000005u});
    assert_int_equal(filter_build(&filter, &rule, 1), 0);
    assert_int_equal(run_with(SYS_mmap, 2, 1), SECCOMP_RET_ALLOW);
    assert_int_equal(run_with(SYS_mmap, 2, 3), SECCOMP_RET_ALLOW);
    assert_int_equal(run_with(SYS_mmap, 2, 5), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(run_with(SYS_mmap, 2, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(run_with(SYS_mmap, 2, 0x8000000000000001u), SECCOMP_RET_KILL_PROCESS);
}

static void all_conditions_of_a_rule_must_hold(void **state)
{
    (void)state;
    struct filter_rule rule = FILTER_ALLOW_IF(SYS_pwrite64, {0, FILTER_EQUAL, 5, 0},
                                              {2, FILTER_EQUAL, 512, 0}, {3, FILTER_AT_MOST, 1024, 0});
    assert_int_equal(filter_build(&filter, &rule, 1), 0);
    for (uint64_t wrong = 0; wrong < 8; wrong++) {
        uint64_t arguments[6] = {wrong & 1 ? 6 : 5, 99, wrong & 2 ? 513 : 512, wrong & 4 ? 1025 : 1024, 0, 0};
        assert_int_equal(run(AUDIT_ARCH_X86_64, SYS_pwrite64, arguments),
                         wrong == 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS);
    }
}

/* 200 rules of two calls, interleaved: groups far longer than a short jump reaches. */
static void rules_of_one_number_are_alternatives(void **state)
{
    (void)state;
    struct filter_rule rules[200];
    for (unsigned i = 0; i < 200; i++)
        rules[i] = (struct filter_rule)FILTER_ALLOW_IF(i % 2 ? SYS_read : SYS_write, {0, FILTER_EQUAL, i, 0});
    assert_int_equal(filter_build(&filter, rules, 200), 0);
    for (unsigned fd = 0; fd < 210; fd++) {
        uint32_t allowed = fd < 200 ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS;
        assert_int_equal(run_with(SYS_read, 0, fd), fd % 2 ? allowed : SECCOMP_RET_KILL_PROCESS);
        assert_int_equal(run_with(SYS_write, 0, fd), fd % 2 ? SECCOMP_RET_KILL_PROCESS : allowed);
    }
    assert_int_equal(run_with(SYS_close, 0, 0), SECCOMP_RET_KILL_PROCESS);
}

static void refuses_rules_that_mean_nothing(void **state)
{
    (void)state;
    const struct filter_rule wrong[] = {
        FILTER_ALLOW(0x40000000u),
        FILTER_FAIL(SYS_read, 4096),
        {.number = SYS_read, .condition_count = 4},
        FILTER_ALLOW_IF(SYS_read, {6, FILTER_EQUAL, 0, 0}),
        FILTER_ALLOW_IF(SYS_read, {0, 0, 0, 0}),
        FILTER_ALLOW_IF(SYS_read, {0, 4, 0, 0}),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(filter_build(&filter, &wrong[i], 1), -EINVAL);
}

static void refuses_a_program_the_kernel_would_not_take(void **state)
{
    (void)state;
    static struct filter_rule rules[2100];
    for (unsigned i = 0; i < 2100; i++)
        rules[i] = (struct filter_rule)FILTER_ALLOW_IF(SYS_read, {0, FILTER_EQUAL, i, 0});
    assert_int_equal(filter_build(&filter, rules, 2100), -E2BIG);
    assert_int_equal(filter_build(&filter, rules, 800), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allows_the_listed_numbers_only),
        cmocka_unit_test(kills_other_architectures_and_x32),
        cmocka_unit_test(an_empty_table_kills_everything),
        cmocka_unit_test(equal_compares_all_64_bits),
        cmocka_unit_test(at_most_compares_all_64_bits),
        cmocka_unit_test(masked_compares_the_masked_bits),
        cmocka_unit_test(all_conditions_of_a_rule_must_hold),
        cmocka_unit_test(rules_of_one_number_are_alternatives),
        cmocka_unit_test(refuses_rules_that_mean_nothing),
        cmocka_unit_test(refuses_a_program_the_kernel_would_not_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
