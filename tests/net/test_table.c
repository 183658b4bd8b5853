#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "net/table.h"

static void finds_what_was_added(void **state)
{
    (void)state;
    struct table table = {0};
    struct table_entry entries[100];
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(table_add(&table, &entries[i], i * 7, &entries[i]), 0);
    for (size_t i = 0; i < 100; i++)
        assert_ptr_equal(table_find(&table, i * 7), &entries[i]);
    assert_null(table_find(&table, 3));
    table_free(&table);
}

static void removes_only_what_was_meant(void **state)
{
    (void)state;
    struct table table = {0};
    struct table_entry a, b;
    table_add(&table, &a, 5, &a);
    table_add(&table, &b, 5, &b);
    table_remove(&table, &a);
    table_remove(&table, &a);
    assert_ptr_equal(table_find(&table, 5), &b);
    assert_int_equal(table.count, 1);
    table_free(&table);
}

static void walks_equal_keys(void **state)
{
    (void)state;
    struct table table = {0};
    struct table_entry entries[3];
    for (size_t i = 0; i < 3; i++)
        table_add(&table, &entries[i], 9, &entries[i]);
    size_t count = 0;
    for (struct table_entry *e = table_next(&table, 9, NULL); e != NULL; e = table_next(&table, 9, e))
        count++;
    assert_int_equal(count, 3);
    table_free(&table);
}

static void names_differ_by_letters_not_by_case(void **state)
{
    (void)state;
    assert_true(table_name_key("Web.Shop") == table_name_key("web.shop"));
    assert_true(table_name_key("web.shop") != table_name_key("web.shoq"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_added),
        cmocka_unit_test(removes_only_what_was_meant),
        cmocka_unit_test(walks_equal_keys),
        cmocka_unit_test(names_differ_by_letters_not_by_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
