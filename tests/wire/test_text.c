/* Times and UTF-8, the two kinds of text that are read by hand. */
#include "tests/check.h"

#include <string.h>

#include "wire/timestamp.h"
#include "wire/utf8.h"

static bool parse(const char *text, int64_t *time_ms)
{
    return wire_time_parse((const uint8_t *)text, strlen(text), time_ms);
}

static void times_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t time_ms;
    } cases[] = {
        {"19700101000000Z", 0},
        {"20261123073108Z", 1795419068000},
        {"20261123073108.250Z", 1795419068250},
        {"20261123073108.5Z", 1795419068005},
        {"20261123073108.25Z", 1795419068025},
        {"20261123073108", 1795419068000},
        {"202611230731Z", 1795419060000},
        {"2026112307Z", 1795417200000},
        {"2026112307", 1795417200000},
        {"2026112307.5Z", 1795417200005},
        {"20261123083108+0100", 1795419068000},
        {"20261123063108-0100", 1795419068000},
        {"20261123073160Z", 1795419120000},
        {"20240229000000Z", 1709164800000},
        {"00000101000000Z", -62167219200000},
        {"99991231235959.999Z", 253402300799999},
        {"19691231235959.999Z", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t time_ms = 0;
        if (!parse(cases[i].text, &time_ms))
            fail_msg("%s", cases[i].text);
        assert_int_equal(time_ms, cases[i].time_ms);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "Z",
        "20261123",
        "20261123T073108Z",
        "20261323073108Z",
        "20260023073108Z",
        "20261100073108Z",
        "20261131073108Z",
        "20250229000000Z",
        "19000229000000Z",
        "20261123243108Z",
        "20261123076008Z",
        "20261123073161Z",
        "20261123073108.Z",
        "20261123073108.1234Z",
        "20261123073108ZZ",
        "20261123073108z",
        "20261123073108+01",
        "20261123073108+2400",
        "20261123073108,5Z",
        "2026112307310Z",
        "+0261123073108Z",
        "00000101000000+0001",
        "99991231235960Z",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t time_ms;
        if (parse(cases[i], &time_ms))
            fail_msg("%s was taken", cases[i]);
    }
}

static void times_are_written_with_a_fraction_only_where_there_is_one(void **state)
{
    (void)state;
    char text[WIRE_TIME_SIZE];
    assert_int_equal(wire_time_print(1795419068000, text), 15);
    assert_string_equal(text, "20261123073108Z");
    assert_int_equal(wire_time_print(1795419068050, text), 19);
    assert_string_equal(text, "20261123073108.050Z");
    assert_int_equal(wire_time_print(-1, text), 19);
    assert_string_equal(text, "19691231235959.999Z");
    assert_int_equal(wire_time_print(253402300800000, text), 0);
    assert_int_equal(wire_time_print(-62167219200001, text), 0);
}

static bool is_text(const char *text)
{
    return utf8_is_text((const uint8_t *)text, strlen(text));
}

static void utf_8_is_text(void **state)
{
    (void)state;
    assert_true(is_text(""));
    assert_true(is_text("a\x7f"));
    assert_true(is_text("\xc2\x80 \xdf\xbf"));
    assert_true(is_text("\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf"));
    assert_true(is_text("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"));
}

static void anything_else_is_not(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "\x80",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2 ",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xe2\x82",
        "\xe2\x82 ",
        "\xe2 \x82",
        "\xff",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x9f\x8f",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_false(is_text(cases[i]));
    assert_false(utf8_is_text((const uint8_t *)"a\0b", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(times_are_written_with_a_fraction_only_where_there_is_one),
        cmocka_unit_test(utf_8_is_text),
        cmocka_unit_test(anything_else_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
