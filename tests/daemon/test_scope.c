#define _GNU_SOURCE
#include "tests/check.h"

#include <string.h>

#include "daemon/scope.h"

static void check_relative(const char *query, const char *name, const char *expected)
{
    char text[SCOPE_NAME_SIZE];
    scope_relative(query, name, text);
    assert_string_equal(text, expected);
}

/* Albatross protocol facts, section 5. */
static void answers_are_relative_to_the_path_asked_about(void **state)
{
    (void)state;
    check_relative(":", ":web", ":web");
    check_relative(":", "foo:net", "foo:net");
    check_relative("foo:", "foo:net", ":net");
    check_relative("foo:", "foo:", ":");
    check_relative("foo:", "foo:a:", "a:");
    check_relative("foo:", "foo:a:web", "a:web");
    check_relative("foo:net", "foo:net", "foo:net");
}

static void a_path_holds_what_begins_with_it(void **state)
{
    (void)state;
    assert_true(scope_contains(":", "a:b:web"));
    assert_true(scope_contains("a:", "a:b:web"));
    assert_true(scope_contains("a:", "a:"));
    assert_false(scope_contains("a:", "ab:web"));
    assert_false(scope_contains("a:", ":a"));
    assert_true(scope_matches(":a", ":a"));
    assert_false(scope_matches(":a", ":ab"));
}

static void check_parent(const char *name, const char *expected)
{
    char text[SCOPE_NAME_SIZE];
    scope_parent(name, text);
    assert_string_equal(text, expected);
}

static void the_parent_is_a_path(void **state)
{
    (void)state;
    check_parent("a:b:web", "a:b:");
    check_parent("a:b:", "a:");
    check_parent("a:", ":");
    check_parent(":web", ":");
    check_parent(":", ":");
}

static void the_label_comes_last(void **state)
{
    (void)state;
    assert_string_equal(scope_label("a:web"), "web");
    assert_string_equal(scope_label(":web"), "web");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_relative_to_the_path_asked_about),
        cmocka_unit_test(a_path_holds_what_begins_with_it),
        cmocka_unit_test(the_parent_is_a_path),
        cmocka_unit_test(the_label_comes_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
