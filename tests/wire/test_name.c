/* Names and derived addresses, against what Albatross answered and where Bivy is stricter. */
#include "tests/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/error.h"
#include "wire/mac.h"
#include "wire/name.h"

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct name parsed(const char *text)
{
    struct name name;
    struct error err = {0};
    if (name_parse(&name, text, &err) < 0)
        fail_msg("%s", err.text);
    return name;
}

static void assert_prints(const struct name *name, const char *expected)
{
    char text[NAME_TEXT_SIZE];
    assert_int_equal(name_print(name, text), strlen(expected));
    assert_string_equal(text, expected);
}

/* name "TEXT" -> ok path=[..] label=.. printed=TEXT, or -> error .. */
static void check_vector(const char *line, size_t *seen)
{
    char text[256] = "";
    const char *quote = strstr(line, "\" -> ");
    if (strncmp(line, "name \"", 6) != 0 || quote == NULL)
        return;
    snprintf(text, sizeof text, "%.*s", (int)(quote - line - 6), line + 6);
    struct name name;
    struct error err = {0};
    int result = name_parse(&name, text, &err);
    const char *printed = strstr(line, "printed=");
    if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
        printed = NULL;
    assert_int_equal(result, printed == NULL ? -EINVAL : 0);
    if (printed != NULL)
        assert_prints(&name, printed + strlen("printed="));
    ++*seen;
}

static void names_read_as_albatross_reads_them(void **state)
{
    (void)state;
    FILE *file = fopen(VECTORS, "r");
    assert_non_null(file);
    size_t seen = 0;
    char line[4096];
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        check_vector(line, &seen);
    }
    fclose(file);
    assert_int_equal(seen, 20);
}

static void dots_alone_are_refused_anywhere(void **state)
{
    (void)state;
    static const char *const texts[] = {".", "..", "..:a", "a:.:b", ".:", "a:.."};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct name name;
        assert_int_equal(name_parse(&name, texts[i], NULL), -EINVAL);
    }
    struct name name;
    assert_int_equal(name_parse(&name, "a..b:...", NULL), 0);
}

static void a_refusal_quotes_the_text(void **state)
{
    (void)state;
    struct name name;
    struct error err = {0};
    assert_int_equal(name_parse(&name, "web:a_b", &err), -EINVAL);
    assert_string_equal(err.text,
                        "read name: 'web:a_b': labels are 1 to 63 letters, digits, '-' and '.', and do not "
                        "begin with '-'");
}

static void bytes_of_the_wire_may_hold_anything(void **state)
{
    (void)state;
    struct name name;
    assert_int_equal(name_parse_bytes(&name, (struct wire_bytes){(const uint8_t *)"a\0b", 3}, NULL), -EINVAL);
    assert_int_equal(name_parse_bytes(&name, (struct wire_bytes){(const uint8_t *)"a/b", 3}, NULL), -EINVAL);
    assert_int_equal(name_parse_bytes(&name, (struct wire_bytes){NULL, 0}, NULL), -EINVAL);
    assert_int_equal(name_parse_bytes(&name, (struct wire_bytes){(const uint8_t *)"a\xc3\xa9", 3}, NULL),
                     -EINVAL);
}

static void depth_has_a_limit(void **state)
{
    (void)state;
    struct name name = parsed("1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:x");
    assert_int_equal(name.depth, 16);
    assert_int_equal(name_push(&name, "a", NULL), -EINVAL);
    assert_int_equal(name_parse(&name, "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:", NULL), -EINVAL);
}

static void length_has_a_limit(void **state)
{
    (void)state;
    struct name name = parsed(A63 ":");
    for (int i = 1; i < NAME_DEPTH_MAX; i++)
        assert_int_equal(name_push(&name, A63, NULL), 0);
    char text[NAME_TEXT_SIZE];
    assert_int_equal(name_print(&name, text), NAME_TEXT_MAX);
    assert_int_equal(name_set_label(&name, "a", NULL), -EINVAL);
    char longer[NAME_TEXT_SIZE + 1];
    snprintf(longer, sizeof longer, "%sa", text);
    assert_int_equal(name_parse(&name, longer, NULL), -EINVAL);
}

static void answers_are_relative_to_the_question(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"foo:net", ":", "foo:net"}, {"foo:net", "foo:", ":net"},       {"foo:", "foo:", ":"},
        {"foo:a:", "foo:", "a:"},    {"foo:net", "foo:net", "foo:net"}, {":net", ":net", ":net"},
        {"a:b:c:d", "a:b:", "c:d"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct name name = parsed(cases[i][0]), scope = parsed(cases[i][1]), relative, back;
        assert_true(name_relative(&name, &scope, &relative));
        assert_prints(&relative, cases[i][2]);
        assert_true(name_absolute(&relative, &scope, &back));
        assert_int_equal(name_compare(&name, &back), 0);
    }
}

static void what_is_elsewhere_is_not_within(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"foobar:x", "foo:"}, {":x", "foo:"}, {"foo:x", "foo:y"}, {":foo", "foo:"}, {"foo:x:", "foo:x"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct name name = parsed(cases[i][0]), scope = parsed(cases[i][1]);
        assert_false(name_is_within(&name, &scope));
    }
}

static void parents_lead_to_the_root(void **state)
{
    (void)state;
    struct name name = parsed("a:b:c");
    static const char *const parents[] = {"a:b:", "a:", ":"};
    for (size_t i = 0; i < 3; i++) {
        assert_true(name_parent(&name, &name));
        assert_prints(&name, parents[i]);
    }
    assert_false(name_parent(&name, &name));
    assert_true(name_is_root(&name));
}

static void a_path_stands_before_what_is_in_it(void **state)
{
    (void)state;
    static const char *const order[] = {":", ":a", ":b", "a:", "a:x", "a:b:", "a:b:x", "b:"};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        for (size_t k = 0; k < sizeof order / sizeof order[0]; k++) {
            struct name a = parsed(order[i]), b = parsed(order[k]);
            int sign = name_compare(&a, &b);
            assert_int_equal(sign < 0, i < k);
            assert_int_equal(sign == 0, i == k);
        }
}

static void addresses_are_albatross_s(void **state)
{
    (void)state;
    struct name name = parsed("foo:bar:hello");
    uint8_t mac[MAC_SIZE];
    mac_derive("service", &name, mac);
    assert_memory_equal(mac, ((uint8_t[]){0x00, 0x80, 0x41, 0x24, 0x84, 0xa3}), MAC_SIZE);
    name = parsed("foo:hello");
    mac_derive("br0", &name, mac);
    assert_memory_equal(mac, ((uint8_t[]){0x00, 0x80, 0x41, 0xfd, 0xc4, 0x1f}), MAC_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_read_as_albatross_reads_them),
        cmocka_unit_test(dots_alone_are_refused_anywhere),
        cmocka_unit_test(a_refusal_quotes_the_text),
        cmocka_unit_test(bytes_of_the_wire_may_hold_anything),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(length_has_a_limit),
        cmocka_unit_test(answers_are_relative_to_the_question),
        cmocka_unit_test(what_is_elsewhere_is_not_within),
        cmocka_unit_test(parents_lead_to_the_root),
        cmocka_unit_test(a_path_stands_before_what_is_in_it),
        cmocka_unit_test(addresses_are_albatross_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
