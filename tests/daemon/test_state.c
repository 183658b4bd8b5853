/* The table of states: closed, without dead ends, and what docs/lifecycle.md shows. */
#define _GNU_SOURCE
#include "tests/check.h"

#include <stdio.h>
#include <string.h>

#include "daemon/state.h"

static const char *document_path;

static void every_state_is_left_and_reached(void **state)
{
    (void)state;
    for (int one = 0; one < (int)STATE_COUNT; one++) {
        bool left = false, reached = one == WIRE_STATE_STARTING || one == WIRE_STATE_STOPPED;
        for (int event = 0; event < STATE_EVENT_COUNT; event++) {
            int next = state_next((enum wire_state_value)one, (enum state_event)event);
            assert_in_range(next + 1, 0, STATE_COUNT);
            left = left || (next >= 0 && next != one);
            for (int from = 0; from < (int)STATE_COUNT; from++)
                reached = reached || (from != one && state_next((enum wire_state_value)from,
                                                                (enum state_event)event) == one);
        }
        assert_true(left && reached);
    }
}

static void only_a_state_with_a_process_is_told_to_end(void **state)
{
    (void)state;
    for (int one = 0; one < (int)STATE_COUNT; one++) {
        bool has_process = one == WIRE_STATE_RUNNING;
        assert_int_equal(state_next((enum wire_state_value)one, STATE_ENDING) >= 0, has_process);
        assert_int_equal(state_next((enum wire_state_value)one, STATE_ENDED) >= 0,
                         one == WIRE_STATE_STOPPING);
        assert_int_equal(state_next((enum wire_state_value)one, STATE_STARTED) >= 0,
                         !has_process && one != WIRE_STATE_STOPPING);
    }
}

static void what_cannot_happen_is_no_state(void **state)
{
    (void)state;
    assert_int_equal(state_next(WIRE_STATE_STOPPING, STATE_STARTED), -1);
    assert_int_equal(state_next((enum wire_state_value)99, STATE_STARTED), -1);
    assert_int_equal(state_next(WIRE_STATE_RUNNING, STATE_EVENT_COUNT), -1);
}

/* One row of the document's table. */
static void make_row(char *row, size_t size, enum state_event event)
{
    size_t at = (size_t)snprintf(row, size, "| %s |", state_event_name(event));
    for (int from = 0; from < (int)STATE_COUNT; from++) {
        int next = state_next((enum wire_state_value)from, event);
        at += (size_t)snprintf(row + at, size - at, " %s |",
                               next < 0 ? "" : state_name((enum wire_state_value)next));
    }
}

static void the_document_shows_the_table(void **state)
{
    static char text[65536];
    char row[512];
    (void)state;
    FILE *file = fopen(document_path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (int event = 0; event < STATE_EVENT_COUNT; event++) {
        make_row(row, sizeof row, (enum state_event)event);
        if (strstr(text, row) == NULL)
            print_error("missing: %s\n", row);
        assert_non_null(strstr(text, row));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_is_left_and_reached),
        cmocka_unit_test(only_a_state_with_a_process_is_told_to_end),
        cmocka_unit_test(what_cannot_happen_is_no_state),
        cmocka_unit_test(the_document_shows_the_table),
    };
    document_path = argc > 1 ? argv[1] : "docs/lifecycle.md";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
