/* The command line of the Solo5 ABI facts, section 4, and what Bivy adds. */
#include "tests/check.h"

#include <errno.h>
#include <string.h>

#include "tender/common/message.h"
#include "tender/common/options.h"

static struct options options;
static struct message message;

#define PARSE(...) parse((const char *[]){"tender", __VA_ARGS__, NULL})

static int parse(const char *const *argv)
{
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    memset(&options, 0x5a, sizeof options);
    message_begin(&message, "");
    return options_parse(&options, argc, argv, &message);
}

static void the_first_word_without_dash_is_the_kernel(void **state)
{
    (void)state;
    assert_int_equal(PARSE("image.uk", "--mem=1", "x"), 0);
    assert_int_equal(options.action, OPTIONS_RUN);
    assert_string_equal(options.kernel, "image.uk");
    assert_string_equal(options.arguments[0], "--mem=1");
    assert_string_equal(options.arguments[1], "x");
    assert_null(options.arguments[2]);
    assert_int_equal(options.memory_bytes, 512ull << 20);
    assert_false(options.execute_heap);
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--mem=3", "--", "--image"), 0);
    assert_string_equal(options.kernel, "--image");
    assert_int_equal(options.memory_bytes, 3 << 20);
}

static void memory_is_a_positive_number_of_mib(void **state)
{
    (void)state;
    static const char *const malformed[] = {"--mem=",
                                            "--mem=0",
                                            "--mem=abc",
                                            "--mem=1k",
                                            "--mem=-1",
                                            "--mem= 1",
                                            "--mem=+1",
                                            "--mem=1.5",
                                            "--mem=18446744073709551616",
                                            "--mem=17592186044416"};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        assert_int_equal(PARSE(malformed[i], "image"), -EINVAL);
        assert_string_equal(message.text, "Malformed argument to --mem");
    }
    assert_int_equal(PARSE("--mem=17592186044415", "image"), 0);
    assert_int_equal(PARSE("--mem=1", "--mem=2", "image"), 0);
    assert_int_equal(options.memory_bytes, 2 << 20);
}

static void unknown_options_are_named(void **state)
{
    (void)state;
    static const char *const invalid[] = {"-m",         "--memory=3",  "--net=tap0", "--net:=tap0", "--net:a",
                                          "--net:a=",   "--net:a_b=x", "--netx:a=b", "--block:/=x", "-",
                                          "--helpless", "---",         "--net-mac:a"};
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
        assert_int_equal(PARSE(invalid[i], "image"), -EINVAL);
        assert_memory_equal(message.text, "Invalid option: `", 17);
        assert_non_null(strstr(message.text, invalid[i]));
    }
}

static void a_missing_kernel_is_said(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--mem=1"), -ENOENT);
    assert_string_equal(message.text, "Missing KERNEL operand");
    assert_int_equal(PARSE("--"), -ENOENT);
    assert_int_equal(parse((const char *[]){"tender", NULL}), -ENOENT);
    assert_int_equal(parse((const char *[]){NULL}), -ENOENT);
}

static void help_and_version_need_no_kernel(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--help"), 0);
    assert_int_equal(options.action, OPTIONS_HELP);
    assert_int_equal(PARSE("--mem=1", "--version", "--nonsense"), 0);
    assert_int_equal(options.action, OPTIONS_VERSION);
}

static void device_options_keep_name_and_value(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--net:service=tap0", "--net-mac:service=02:00:00:00:00:01", "--block:0=a=b",
                           "--block-sector-size:0=4096", "--net-mtu:service=9000", "--x-exec-heap", "image"),
                     0);
    assert_int_equal(options.device_count, 5);
    assert_int_equal(options.devices[0].kind, OPTION_NET);
    assert_string_equal(options.devices[0].name, "service");
    assert_string_equal(options.devices[0].value, "tap0");
    assert_int_equal(options.devices[1].kind, OPTION_NET_MAC);
    assert_int_equal(options.devices[2].kind, OPTION_BLOCK);
    assert_string_equal(options.devices[2].value, "a=b");
    assert_int_equal(options.devices[3].kind, OPTION_BLOCK_SECTOR_SIZE);
    assert_int_equal(options.devices[4].kind, OPTION_NET_MTU);
    assert_true(options.execute_heap);
}

static void a_device_name_has_at_most_67_characters(void **state)
{
    (void)state;
    char text[128] = "--net:";
    memset(text + 6, 'n', 67);
    strcpy(text + 6 + 67, "=x");
    assert_int_equal(PARSE(text, "image"), 0);
    assert_int_equal(strlen(options.devices[0].name), 67);
    strcpy(text + 6 + 67, "n=x");
    assert_int_equal(PARSE(text, "image"), -EINVAL);
}

static void device_options_have_a_limit(void **state)
{
    (void)state;
    static const char *argv[OPTIONS_MAX_DEVICES + 4];
    argv[0] = "tender";
    for (size_t i = 1; i <= OPTIONS_MAX_DEVICES + 1; i++)
        argv[i] = "--net:a=b";
    argv[OPTIONS_MAX_DEVICES + 2] = "image";
    assert_int_equal(parse(argv), -EINVAL);
    assert_string_equal(message.text, "Too many device options");
}

static void descriptors_are_written_with_an_at_sign(void **state)
{
    (void)state;
    int fd = -1;
    assert_int_equal(options_parse_descriptor("@3", &fd), 0);
    assert_int_equal(fd, 3);
    assert_int_equal(options_parse_descriptor("@2147483647", &fd), 0);
    static const char *const others[] = {"@", "3", "@2147483648", "@-1", "@3x", "@ 3", ""};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(options_parse_descriptor(others[i], &fd), -EINVAL);
}

static void messages_are_printable_and_cut(void **state)
{
    (void)state;
    static char large[5000];
    memset(large, 'x', sizeof large - 1);
    memcpy(large, "--\x1b[31m\n", 8);
    assert_int_equal(PARSE(large, "image"), -EINVAL);
    assert_int_equal(strlen(message.text), sizeof message.text - 1);
    assert_null(strchr(message.text, '\x1b'));
    assert_null(strchr(message.text, '\n'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_word_without_dash_is_the_kernel),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(memory_is_a_positive_number_of_mib),
        cmocka_unit_test(unknown_options_are_named),
        cmocka_unit_test(a_missing_kernel_is_said),
        cmocka_unit_test(help_and_version_need_no_kernel),
        cmocka_unit_test(device_options_keep_name_and_value),
        cmocka_unit_test(a_device_name_has_at_most_67_characters),
        cmocka_unit_test(device_options_have_a_limit),
        cmocka_unit_test(descriptors_are_written_with_an_at_sign),
        cmocka_unit_test(messages_are_printable_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
