/* The option parser: a table, words, values. */
#include "tests/check.h"

#include <errno.h>
#include <string.h>

#include "cli/option.h"
#include "host/error.h"

struct values {
    bool force, verbose;
    const char *name;
    struct option_number count, memory, door;
    struct option_list ports;
    int format;
};

static const char *const formats[] = {"text", "json", NULL};

static const struct option_row rows[] = {
    {.name = "force", .letter = 'f', .kind = OPTION_FLAG, .offset = offsetof(struct values, force)},
    {.name = "verbose", .letter = 'v', .kind = OPTION_FLAG, .offset = offsetof(struct values, verbose)},
    {.name = "name",
     .letter = 'n',
     .kind = OPTION_TEXT,
     .offset = offsetof(struct values, name),
     .argument = "NAME"},
    {.name = "count",
     .kind = OPTION_NUMBER,
     .offset = offsetof(struct values, count),
     .argument = "N",
     .least = 1,
     .most = 10,
     .preset = "3"},
    {.name = "memory",
     .letter = 'm',
     .kind = OPTION_MEMORY,
     .offset = offsetof(struct values, memory),
     .argument = "MB"},
    {.name = "door",
     .kind = OPTION_NUMBER,
     .offset = offsetof(struct values, door),
     .argument = "N",
     .bare = "7",
     .most = 10},
    {.name = "port",
     .letter = 'p',
     .kind = OPTION_LIST,
     .offset = offsetof(struct values, ports),
     .argument = "PORT"},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_CHOICE,
     .offset = offsetof(struct values, format),
     .argument = "FORMAT",
     .choices = formats},
    {.name = NULL},
};

struct parsed {
    struct values values;
    struct option_result words;
    struct error err;
    int result;
};

/* Parses the words of TEXT, which one blank separates. */
static struct parsed parse(const char *text)
{
    static char copy[256];
    static char *argv[32];
    int argc = 0;
    struct parsed parsed = {.result = 0};
    strcpy(copy, text);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    parsed.result = option_parse(rows, argc, argv, &parsed.values, &parsed.words, &parsed.err);
    return parsed;
}

static void reads_every_kind_in_every_form(void **state)
{
    (void)state;
    struct parsed p = parse("-fv --name=web -m64 -p 1:2 --port 3:4 -o json --count 7 image");
    assert_int_equal(p.result, 0);
    assert_true(p.values.force && p.values.verbose);
    assert_string_equal(p.values.name, "web");
    assert_int_equal(p.values.memory.value, 64);
    assert_int_equal(p.values.ports.count, 2);
    assert_string_equal(p.values.ports.items[1], "3:4");
    assert_int_equal(p.values.format, 1);
    assert_int_equal(p.values.count.value, 7);
    assert_int_equal(p.words.count, 1);
    assert_string_equal(p.words.items[0], "image");
    option_result_free(&p.words);
}

static void options_and_operands_mix_until_two_dashes(void **state)
{
    (void)state;
    struct parsed p = parse("one -f two -- --name -v");
    assert_int_equal(p.result, 0);
    assert_int_equal(p.words.count, 2);
    assert_true(p.words.has_tail);
    assert_int_equal(p.words.tail_count, 2);
    assert_string_equal(p.words.tail[0], "--name");
    assert_false(p.values.verbose);
    option_result_free(&p.words);
}

static void presets_hold_unless_given(void **state)
{
    (void)state;
    struct parsed p = parse("x");
    assert_int_equal(p.values.count.value, 3);
    assert_false(p.values.memory.given);
    option_result_free(&p.words);
}

static void an_option_may_do_without_its_argument(void **state)
{
    (void)state;
    struct parsed p = parse("--door 5");
    assert_int_equal(p.values.door.value, 7);
    assert_string_equal(p.words.items[0], "5");
    option_result_free(&p.words);
    p = parse("--door=5");
    assert_int_equal(p.values.door.value, 5);
    option_result_free(&p.words);
}

static void a_lone_dash_is_an_operand(void **state)
{
    (void)state;
    struct parsed p = parse("-");
    assert_int_equal(p.words.count, 1);
    option_result_free(&p.words);
}

static void help_ends_the_reading(void **state)
{
    (void)state;
    struct parsed p = parse("--help --no-such-option");
    assert_int_equal(p.result, 0);
    assert_true(p.words.help);
    option_result_free(&p.words);
}

static void refuses(const char *words, const char *text)
{
    struct parsed p = parse(words);
    assert_int_equal(p.result, -EINVAL);
    assert_string_equal(p.err.text, text);
    option_result_free(&p.words);
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    refuses("--colour", "read command line: --colour: no such option");
    refuses("-x", "read command line: -x: no such option");
    refuses("--name", "name: NAME: the argument is missing");
    refuses("--force=yes", "force: yes: the option takes no argument");
    refuses("--count 11", "count: 11: not within 1..10");
    refuses("--count 1x", "count: 1x: not a number");
    refuses("-m 0", "memory: 0: out of range");
    refuses("-m 5Q", "memory: 5Q: not a size");
    refuses("-o yaml", "output: yaml: not one of text, json");
}

static void sizes_have_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t bytes;
    } sizes[] = {{"7", 7},
                 {"1k", 1024},
                 {"2M", 2097152},
                 {"2MiB", 2097152},
                 {"2mb", 2097152},
                 {"3G", INT64_C(3) << 30},
                 {"1T", INT64_C(1) << 40}};
    int64_t bytes;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(option_parse_size(sizes[i].text, 1, &bytes), 0);
        assert_int_equal(bytes, sizes[i].bytes);
    }
    assert_int_equal(option_parse_size("64", 1048576, &bytes), 0);
    assert_int_equal(bytes, 64 << 20);
    assert_int_equal(option_parse_size("9999999999G", 1, &bytes), -ERANGE);
    assert_int_equal(option_parse_size("99999999999999999999", 1, &bytes), -ERANGE);
    assert_int_equal(option_parse_size("", 1, &bytes), -EINVAL);
    assert_int_equal(option_parse_size("-1", 1, &bytes), -EINVAL);
    assert_int_equal(option_parse_size("1Mx", 1, &bytes), -EINVAL);
}

static void memory_rounds_up_to_a_mebibyte(void **state)
{
    (void)state;
    struct parsed p = parse("-m 1500K");
    assert_int_equal(p.values.memory.value, 2);
    option_result_free(&p.words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_kind_in_every_form),
        cmocka_unit_test(options_and_operands_mix_until_two_dashes),
        cmocka_unit_test(presets_hold_unless_given),
        cmocka_unit_test(an_option_may_do_without_its_argument),
        cmocka_unit_test(a_lone_dash_is_an_operand),
        cmocka_unit_test(help_ends_the_reading),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(sizes_have_units),
        cmocka_unit_test(memory_rounds_up_to_a_mebibyte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
