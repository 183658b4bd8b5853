#include "tests/check.h"

#include <errno.h>
#include <string.h>

#include "host/buffer.h"

static void grows_and_consumes(void **state)
{
    (void)state;
    cleanup_buffer struct buffer b = {0};
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buffer_append_text(&b, "0123456789"), 0);
    assert_int_equal(b.size, 10000);
    buffer_consume(&b, 9995);
    assert_int_equal(b.size, 5);
    assert_memory_equal(b.data, "56789", 5);
    buffer_consume(&b, 100);
    assert_int_equal(b.size, 0);
}

static void refuses_past_its_limit_and_stays_as_it_was(void **state)
{
    (void)state;
    cleanup_buffer struct buffer b = {.limit = 8};
    assert_int_equal(buffer_append(&b, "12345", 5), 0);
    assert_int_equal(buffer_append(&b, "6789", 4), -EMSGSIZE);
    assert_int_equal(b.size, 5);
    assert_int_equal(buffer_append(&b, "678", 3), 0);
    assert_memory_equal(b.data, "12345678", 8);
}

static void an_impossible_size_is_refused(void **state)
{
    (void)state;
    cleanup_buffer struct buffer b = {0};
    assert_int_equal(buffer_append(&b, "x", 1), 0);
    assert_null(buffer_reserve(&b, SIZE_MAX));
    assert_int_equal(b.size, 1);
}

static void formats(void **state)
{
    (void)state;
    cleanup_buffer struct buffer b = {0};
    assert_int_equal(buffer_printf(&b, "%d-%s", 7, "x"), 0);
    assert_memory_equal(b.data, "7-x", 3);
    assert_int_equal(b.size, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_consumes),
        cmocka_unit_test(refuses_past_its_limit_and_stays_as_it_was),
        cmocka_unit_test(an_impossible_size_is_refused),
        cmocka_unit_test(formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
