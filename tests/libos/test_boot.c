/* test_boot.c: splitting the boot arguments, and the log options in front of them. */
#include "tests/check.h"

#include <string.h>

#include "libos/bindings/bindings.h"
#include "libos/kernel/boot.h"

static struct boot boot;
static char line[512];
static char *argv[128];

static void parse(const char *text)
{
    strcpy(line, text);
    assert_in_range(boot_argv_size(text), 2, sizeof argv / sizeof *argv);
    boot_parse(&boot, line, argv);
    assert_in_range(boot.argc + 1, 1, boot_argv_size(text));
    assert_null(boot.argv[boot.argc]);
}

static void words_are_split_at_white_space(void **unused)
{
    (void)unused;
    parse("  one\ttwo  three ");
    assert_int_equal(boot.argc, 4);
    assert_string_equal(boot.argv[0], "unikernel");
    assert_string_equal(boot.argv[1], "one");
    assert_string_equal(boot.argv[2], "two");
    assert_string_equal(boot.argv[3], "three");
}

static void quotes_and_backslashes_keep_what_they_say(void **unused)
{
    (void)unused;
    parse("'a b' \"c \\\" d\" e\\ f g'h'i '\\' ''");
    assert_int_equal(boot.argc, 7);
    assert_string_equal(boot.argv[1], "a b");
    assert_string_equal(boot.argv[2], "c \" d");
    assert_string_equal(boot.argv[3], "e f");
    assert_string_equal(boot.argv[4], "ghi");
    assert_string_equal(boot.argv[5], "\\");
    assert_string_equal(boot.argv[6], "");
}

static void an_open_quote_ends_with_the_line(void **unused)
{
    (void)unused;
    parse("a 'b c");
    assert_int_equal(boot.argc, 3);
    assert_string_equal(boot.argv[2], "b c");
    parse("a b\\");
    assert_string_equal(boot.argv[2], "b\\");
}

static void known_options_are_taken_and_the_rest_is_left(void **unused)
{
    (void)unused;
    parse("--ipv4=10.0.0.2/24 --log=info --color=red --name=web --ipv4=10.0.0.3/24 --ipv4 x");
    assert_string_equal(boot.options[BOOT_IPV4], "10.0.0.3/24");
    assert_null(boot.options[BOOT_IPV4_GATEWAY]);
    assert_int_equal(boot.argc, 4);
    assert_string_equal(boot.argv[0], "web");
    assert_string_equal(boot.options[BOOT_LOG], "info");
    assert_string_equal(boot.argv[1], "--color=red");
    assert_string_equal(boot.argv[2], "--ipv4");
    assert_string_equal(boot.argv[3], "x");
}

static void nothing_is_taken_after_two_dashes(void **unused)
{
    (void)unused;
    parse("-- --ipv4=10.0.0.2/24 --");
    assert_null(boot.options[BOOT_IPV4]);
    assert_int_equal(boot.argc, 3);
    assert_string_equal(boot.argv[1], "--ipv4=10.0.0.2/24");
    assert_string_equal(boot.argv[2], "--");
}

static void no_arguments_is_a_name_alone(void **unused)
{
    (void)unused;
    parse("");
    assert_int_equal(boot.argc, 1);
}

static void log_options_are_consumed_from_the_front_only(void **unused)
{
    enum bindings_level level = BINDINGS_WARN;

    (void)unused;
    assert_string_equal(bindings_options("--solo5:debug --solo5:quiet a --solo5:info", &level),
                        "a --solo5:info");
    assert_int_equal(level, BINDINGS_QUIET);
    level = BINDINGS_WARN;
    assert_string_equal(bindings_options("--solo5:debugger x", &level), "--solo5:debugger x");
    assert_int_equal(level, BINDINGS_WARN);
    assert_string_equal(bindings_options("--solo5:error", &level), "");
    assert_int_equal(level, BINDINGS_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_split_at_white_space),
        cmocka_unit_test(quotes_and_backslashes_keep_what_they_say),
        cmocka_unit_test(an_open_quote_ends_with_the_line),
        cmocka_unit_test(known_options_are_taken_and_the_rest_is_left),
        cmocka_unit_test(nothing_is_taken_after_two_dashes),
        cmocka_unit_test(no_arguments_is_a_name_alone),
        cmocka_unit_test(log_options_are_consumed_from_the_front_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
