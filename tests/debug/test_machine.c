/* test_machine.c: which instruction stands before a return address. */
#include "debug/x86_64/machine.h"

#include "tests/check.h"

static void a_direct_call_names_its_target(void **state)
{
    const uint8_t bytes[MACHINE_CALL_MAX] = {0x90, 0x90, 0xe8, 0xfb, 0xff, 0xff, 0xff};
    uint64_t target = 0;
    (void)state;
    assert_int_equal(machine_call_before(0x1000, bytes, sizeof bytes, &target), MACHINE_CALL);
    assert_int_equal(target, 0xffb);
}

static void a_call_through_a_register_is_indirect(void **state)
{
    const uint8_t bytes[MACHINE_CALL_MAX] = {0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xd0};
    uint64_t target;
    (void)state;
    assert_int_equal(machine_call_before(0x1000, bytes, sizeof bytes, &target), MACHINE_CALL_INDIRECT);
}

static void other_instructions_are_no_calls(void **state)
{
    const uint8_t bytes[MACHINE_CALL_MAX] = {0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xe0};
    uint64_t target;
    (void)state;
    assert_int_equal(machine_call_before(0x1000, bytes, sizeof bytes, &target), MACHINE_NO_CALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_direct_call_names_its_target),
                                       cmocka_unit_test(a_call_through_a_register_is_indirect),
                                       cmocka_unit_test(other_instructions_are_no_calls)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
