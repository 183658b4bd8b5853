#include "tests/check.h"

#include <errno.h>
#include <string.h>

#include "host/error.h"

static void names_what_which_and_why(void **state)
{
    (void)state;
    struct error err;
    assert_int_equal(error_set(&err, EINVAL, "read image", "a.uk", "header is %d bytes", 3), -EINVAL);
    assert_string_equal(err.text, "read image: a.uk: header is 3 bytes");
    assert_string_equal(err.hint, "");
    assert_int_equal(err.code, EINVAL);
}

static void falls_back_to_the_system_s_words(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, ENOENT, "open", "x", NULL);
    assert_string_equal(err.text, "open: x: No such file or directory");
}

static void hostile_names_cannot_drive_the_terminal(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, EINVAL, "open", "a\x1b[2Jb\nc", NULL);
    assert_string_equal(err.text, "open: a?[2Jb?c: Invalid argument");
    error_hint(&err, "try %s", "\x07");
    assert_string_equal(err.hint, "try ?");
}

static void works_without_a_place_to_put_it(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, EIO, "read", "x", NULL), -EIO);
    error_hint(NULL, "nothing");
}

static void travels_as_one_text_with_its_hint(void **state)
{
    (void)state;
    struct error err;
    char text[256];
    error_set(&err, ENOENT, "open", "x", NULL);
    size_t size = error_to_text(&err, text, sizeof text);
    assert_string_equal(text, "open: x: No such file or directory");
    assert_int_equal(size, strlen(text));
    error_hint(&err, "make it");
    size = error_to_text(&err, text, sizeof text);
    assert_string_equal(text, "open: x: No such file or directory\nhint: make it");
    struct error heard;
    assert_int_equal(error_from_text(&heard, EREMOTEIO, text, size), -EREMOTEIO);
    assert_string_equal(heard.text, err.text);
    assert_string_equal(heard.hint, err.hint);
}

static void a_peer_s_text_is_cut_and_made_printable(void **state)
{
    (void)state;
    static char text[2000];
    memset(text, '\x1b', sizeof text);
    struct error heard;
    error_from_text(&heard, EREMOTEIO, text, sizeof text);
    assert_int_equal(strlen(heard.text), sizeof heard.text - 1);
    assert_int_equal(heard.text[0], '?');
    assert_string_equal(heard.hint, "");
    assert_int_equal(error_from_text(NULL, EREMOTEIO, text, sizeof text), -EREMOTEIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_which_and_why),
        cmocka_unit_test(falls_back_to_the_system_s_words),
        cmocka_unit_test(hostile_names_cannot_drive_the_terminal),
        cmocka_unit_test(works_without_a_place_to_put_it),
        cmocka_unit_test(travels_as_one_text_with_its_hint),
        cmocka_unit_test(a_peer_s_text_is_cut_and_made_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
