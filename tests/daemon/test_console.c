/* Lines out of a console's ring: where a reader goes when it is sent somewhere. */
#define _GNU_SOURCE
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/console.c"

/* The daemon around it is not here. */
struct unikernel *unikernel_find_id(const struct daemon *daemon, int64_t id)
{
    (void)daemon, (void)id;
    return NULL;
}

struct unikernel *unikernel_find(const struct daemon *daemon, const char *name)
{
    (void)daemon, (void)name;
    return NULL;
}

void connection_console_more(struct daemon *daemon, const char *name)
{
    (void)daemon, (void)name;
}

static struct console_reader *reader;

static void write_text(const char *text)
{
    ring_append(reader->ring, RING_TEXT, 1000000, text, strlen(text));
}

static int setup(void **state)
{
    cleanup_fd int fd = memfd_create("console", MFD_CLOEXEC);
    (void)state;
    reader = calloc(1, sizeof *reader);
    if (fd < 0 || reader == NULL || ring_format(fd, 4096, NULL) < 0)
        return -1;
    reader->ring = ring_map(fd, NULL);
    write_text("one\ntwo\nthr");
    write_text("ee\nfour\n");
    return reader->ring == NULL;
}

static int teardown(void **state)
{
    (void)state;
    console_reader_close(reader);
    return 0;
}

static int64_t expect(const char *text)
{
    struct console_line line;
    assert_true(console_reader_next(reader, &line));
    assert_string_equal(line.text, text);
    return line.id;
}

static void expect_end(void)
{
    struct console_line line;
    assert_false(console_reader_next(reader, &line));
}

static void the_tail_is_the_same_wherever_the_reader_is(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        console_reader_tail(reader, 2);
        expect("three");
        expect("four");
        expect_end();
    }
}

static void goes_on_behind_a_line(void **state)
{
    (void)state;
    expect("one");
    int64_t id = expect("two");
    expect("three");
    console_reader_after(reader, id);
    expect("three");
    expect("four");
    expect_end();
}

static void behind_the_last_line_only_new_ones_come(void **state)
{
    (void)state;
    console_reader_after(reader, INT64_MAX);
    expect_end();
    write_text("five\n");
    expect("five");
    expect_end();
}

static void the_line_that_a_search_found_is_given_once(void **state)
{
    (void)state;
    console_reader_since(reader, 1);
    console_reader_tail(reader, 1);
    expect("four");
    expect_end();
}

/* A search reads the ring only once: what overtakes it cannot make it pass over lines that were wanted. */
static void an_overtaken_reader_is_told_what_is_lost(void **state)
{
    (void)state;
    int64_t id = expect("one");
    console_reader_after(reader, id);
    for (int i = 0; i < 400; i++)
        write_text("more and more\n");
    expect("two"); /* of the record at hand, which is a copy */
    struct console_line line;
    assert_true(console_reader_next(reader, &line));
    assert_non_null(strstr(line.text, " bytes lost]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_tail_is_the_same_wherever_the_reader_is, setup, teardown),
        cmocka_unit_test_setup_teardown(goes_on_behind_a_line, setup, teardown),
        cmocka_unit_test_setup_teardown(behind_the_last_line_only_new_ones_come, setup, teardown),
        cmocka_unit_test_setup_teardown(the_line_that_a_search_found_is_given_once, setup, teardown),
        cmocka_unit_test_setup_teardown(an_overtaken_reader_is_told_what_is_lost, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
