/* test_gdb_packet.c: gdb's packets, whole, broken and too long. */
#include "debug/gdb_packet.h"

#include <string.h>

#include "tests/check.h"

static enum gdb_event take(struct gdb_reader *reader, const char *text)
{
    enum gdb_event event = GDB_NOTHING;
    for (; *text != '\0'; text++)
        event = gdb_reader_take(reader, (uint8_t)*text);
    return event;
}

static void a_packet_is_read(void **state)
{
    struct gdb_reader reader = {.state = GDB_IDLE};
    (void)state;
    assert_int_equal(take(&reader, "+$g#67"), GDB_PACKET);
    assert_string_equal(reader.text, "g");
}

static void a_wrong_sum_is_bad(void **state)
{
    struct gdb_reader reader = {.state = GDB_IDLE};
    (void)state;
    assert_int_equal(take(&reader, "$g#68"), GDB_BAD);
    assert_int_equal(take(&reader, "$g#zz"), GDB_BAD);
    assert_int_equal(take(&reader, "$g#67"), GDB_PACKET);
}

static void a_long_packet_is_bad(void **state)
{
    static struct gdb_reader reader = {.state = GDB_IDLE};
    (void)state;
    take(&reader, "$");
    for (size_t i = 0; i < 2 * GDB_PACKET_MAX; i++)
        assert_int_equal(gdb_reader_take(&reader, 'm'), GDB_NOTHING);
    assert_int_equal(take(&reader, "#00"), GDB_BAD);
}

static void what_is_made_is_read(void **state)
{
    char out[64];
    struct gdb_reader reader = {.state = GDB_IDLE};
    (void)state;
    size_t size = gdb_packet_make("T05thread:1;", out);
    out[size] = '\0';
    assert_int_equal(take(&reader, out), GDB_PACKET);
    assert_string_equal(reader.text, "T05thread:1;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_is_read), cmocka_unit_test(a_wrong_sum_is_bad),
        cmocka_unit_test(a_long_packet_is_bad), cmocka_unit_test(what_is_made_is_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
