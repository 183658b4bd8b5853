/* What the encoder refuses, and that values of every type come back as they went out. */
#include "tests/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/buffer.h"
#include "host/error.h"
#include "wire/table.h"
#include "wire/timestamp.h"
#include "wire/utf8.h"
#include "wire_types.h"

static void refuses(const struct wire_type *type, const void *value, const char *text)
{
    cleanup_buffer struct buffer out = {0};
    struct error err = {0};
    assert_int_equal(buffer_append_text(&out, "before"), 0);
    assert_int_equal(wire_encode(type, value, &out, &err), -EINVAL);
    assert_string_equal(err.text, text);
    assert_int_equal(out.size, 6);
}

static void a_choice_without_alternative(void **state)
{
    (void)state;
    struct wire_wire wire = {.header.version = WIRE_VERSION};
    refuses(&wire_type_wire, &wire, "encode Wire.payload: no alternative is chosen");
    wire.payload.kind = (enum wire_payload_kind)99;
    refuses(&wire_type_wire, &wire, "encode Wire.payload: no alternative is chosen");
}

static void another_version(void **state)
{
    (void)state;
    struct wire_wire wire = {.payload = {.kind = WIRE_PAYLOAD_FAILURE}};
    refuses(&wire_type_wire, &wire, "encode Wire.header.version: not the protocol's version");
}

static void an_integer_outside_63_bits(void **state)
{
    (void)state;
    struct wire_timeval timeval = {.microseconds = DER_INTEGER_MAX + 1};
    refuses(&wire_type_timeval, &timeval, "encode Timeval.microseconds: an integer outside 63 bits");
    timeval.microseconds = DER_INTEGER_MIN - 1;
    refuses(&wire_type_timeval, &timeval, "encode Timeval.microseconds: an integer outside 63 bits");
}

static void text_that_is_not_utf_8(void **state)
{
    (void)state;
    struct wire_stats_net net = {.bridge = wire_text("\xff")};
    refuses(&wire_type_stats_net, &net, "encode StatsNet.bridge: not UTF-8, or with a NUL");
}

static void bytes_of_another_size(void **state)
{
    (void)state;
    struct wire_net net = {.name = wire_text("a"), .has_mac = true, .mac = wire_text("12345")};
    refuses(&wire_type_net, &net, "encode Net.mac: bytes of the wrong number");
}

static void a_time_without_year(void **state)
{
    (void)state;
    struct wire_data_console line = {.timestamp = INT64_MAX};
    refuses(&wire_type_data_console, &line,
            "encode DataConsole.timestamp: a time outside the years 0 to 9999");
    line.timestamp = INT64_MIN;
    refuses(&wire_type_data_console, &line,
            "encode DataConsole.timestamp: a time outside the years 0 to 9999");
}

static void what_the_buffer_has_no_room_for(void **state)
{
    (void)state;
    cleanup_buffer struct buffer out = {.limit = 8};
    struct wire_stats_net net = {.bridge = wire_text("a"), .tap = wire_text("bcd")};
    assert_int_equal(wire_encode(&wire_type_stats_net, &net, &out, NULL), -EMSGSIZE);
    assert_int_equal(out.size, 0);
    net.tap = wire_text("b");
    assert_int_equal(wire_encode(&wire_type_stats_net, &net, &out, NULL), 0);
    assert_int_equal(out.size, 8);
}

/* Values at random, the same in every run. */
struct generator {
    uint64_t seed;
    size_t budget; /* elements of lists that may still be made, so that nested lists do not explode */
    struct wire_arena arena;
};

static uint64_t draw(struct generator *g)
{
    g->seed ^= g->seed << 13;
    g->seed ^= g->seed >> 7;
    g->seed ^= g->seed << 17;
    return g->seed;
}

static int64_t draw_integer(struct generator *g)
{
    int64_t value =
        (int64_t)(draw(g) >> (draw(g) % 62 + 2)); /* up to 62 bits, small ones as often as large */
    return draw(g) & 1 ? value : -value - 1;
}

static int64_t draw_time(struct generator *g)
{
    static const int64_t first = -62167219200000, last = 253402300799999; /* 0000-01-01 to 9999-12-31 */
    int64_t time_ms = first + (int64_t)(draw(g) % (uint64_t)(last - first + 1));
    return draw(g) & 1 ? time_ms : time_ms - time_ms % 1000;
}

static struct wire_bytes draw_bytes(struct generator *g, const struct wire_type *type)
{
    static const char *const texts[] = {"", "a", "eth0", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x8f\x95",
                                        "--ipv4=10.0.0.2/24"};
    if (type->form == WIRE_FORM_TEXT)
        return wire_text(texts[draw(g) % (sizeof texts / sizeof texts[0])]);
    size_t size = type->is_fixed ? (size_t)type->fixed : draw(g) % 300;
    uint8_t *data = wire_arena_take(&g->arena, size + 1, NULL);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)draw(g);
    return (struct wire_bytes){data, size};
}

static void draw_value(struct generator *g, const struct wire_type *type, char *out);

static void draw_list(struct generator *g, const struct wire_type *type, char *out)
{
    struct wire_list list = {.count = draw(g) % 5};
    list.count = list.count < g->budget ? list.count : 0;
    g->budget -= list.count;
    list.items = wire_arena_take(&g->arena, list.count * type->element->size + 1, NULL);
    for (size_t i = 0; i < list.count; i++)
        draw_value(g, type->element, (char *)list.items + i * type->element->size);
    memcpy(out, &list, sizeof list);
}

static void draw_fields(struct generator *g, const struct wire_type *type, char *out)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct wire_field *field = &type->fields[i];
        bool has = field->has_offset == WIRE_REQUIRED || (draw(g) & 1);
        if (field->has_offset != WIRE_REQUIRED)
            memcpy(out + field->has_offset, &has, sizeof has);
        if (has)
            draw_value(g, field->type, out + field->offset);
    }
}

static void draw_choice(struct generator *g, const struct wire_type *type, char *out)
{
    unsigned kind = (unsigned)(draw(g) % type->field_count) + 1;
    memcpy(out, &kind, sizeof kind);
    draw_value(g, type->fields[kind - 1].type, out + type->fields[kind - 1].offset);
}

static void draw_number(struct generator *g, const struct wire_type *type, char *out)
{
    int64_t value = type->is_fixed                  ? type->fixed
                    : type->form == WIRE_FORM_TIME  ? draw_time(g)
                    : type->form == WIRE_FORM_INT64 ? (int64_t)draw(g)
                                                    : draw_integer(g);
    memcpy(out, &value, sizeof value);
}

static void draw_value(struct generator *g, const struct wire_type *type, char *out)
{
    struct wire_bytes bytes;
    switch (type->form) {
    case WIRE_FORM_SEQUENCE:
        draw_fields(g, type, out);
        break;
    case WIRE_FORM_CHOICE:
        draw_choice(g, type, out);
        break;
    case WIRE_FORM_LIST:
    case WIRE_FORM_SET:
        draw_list(g, type, out);
        break;
    case WIRE_FORM_BOOLEAN:
        memcpy(out, &(bool){draw(g) & 1}, sizeof(bool));
        break;
    case WIRE_FORM_TEXT:
    case WIRE_FORM_ANY_TEXT:
    case WIRE_FORM_OCTETS:
        bytes = draw_bytes(g, type);
        memcpy(out, &bytes, sizeof bytes);
        break;
    case WIRE_FORM_INTEGER:
    case WIRE_FORM_INT64:
    case WIRE_FORM_TIME:
        draw_number(g, type, out);
        break;
    default:
        break;
    }
}

static bool same_value(const struct wire_type *type, const char *a, const char *b);

static bool same_list(const struct wire_type *type, const char *a, const char *b)
{
    struct wire_list left, right;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    bool same = left.count == right.count;
    /* A set of several came back sorted: that its bytes are the same the second time is all that can be
     * asked. */
    for (size_t i = 0; same && i < left.count && (type->form == WIRE_FORM_LIST || left.count == 1); i++)
        same = same_value(type->element, (char *)left.items + i * type->element->size,
                          (char *)right.items + i * type->element->size);
    return same;
}

static bool same_fields(const struct wire_type *type, const char *a, const char *b)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct wire_field *field = &type->fields[i];
        bool left = true, right = true;
        if (field->has_offset != WIRE_REQUIRED) {
            memcpy(&left, a + field->has_offset, sizeof left);
            memcpy(&right, b + field->has_offset, sizeof right);
        }
        if (left != right || (left && !same_value(field->type, a + field->offset, b + field->offset)))
            return false;
    }
    return true;
}

static bool same_choice(const struct wire_type *type, const char *a, const char *b)
{
    unsigned left, right;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    size_t offset = type->fields[left - 1].offset;
    return left == right && same_value(type->fields[left - 1].type, a + offset, b + offset);
}

static bool same_value(const struct wire_type *type, const char *a, const char *b)
{
    struct wire_bytes left, right;
    switch (type->form) {
    case WIRE_FORM_SEQUENCE:
        return same_fields(type, a, b);
    case WIRE_FORM_CHOICE:
        return same_choice(type, a, b);
    case WIRE_FORM_LIST:
    case WIRE_FORM_SET:
        return same_list(type, a, b);
    case WIRE_FORM_TEXT:
    case WIRE_FORM_ANY_TEXT:
    case WIRE_FORM_OCTETS:
        memcpy(&left, a, sizeof left);
        memcpy(&right, b, sizeof right);
        return left.size == right.size && (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
    default:
        return memcmp(a, b, type->size) == 0;
    }
}

static void round_trip(struct generator *g, const struct wire_type *type)
{
    cleanup_wire_arena struct wire_arena arena = {0};
    cleanup_buffer struct buffer first = {0};
    cleanup_buffer struct buffer second = {0};
    struct error err = {0};
    char *value = wire_arena_take(&g->arena, type->size + 1, NULL);
    char *back = wire_arena_take(&g->arena, type->size + 1, NULL);
    g->budget = 60;
    draw_value(g, type, value);
    if (wire_encode(type, value, &first, &err) < 0 ||
        wire_decode(type, first.data, first.size, &arena, back, &err) < 0 ||
        wire_encode(type, back, &second, &err) < 0)
        fail_msg("%s: %s", type->name, err.text);
    if (!same_value(type, value, back))
        fail_msg("%s: another value came back", type->name);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
}

static void values_of_every_type_come_back(void **state)
{
    (void)state;
    struct generator g = {.seed = 0x42697679};
    assert_true(wire_type_count > 90);
    for (int round = 0; round < 60; round++) {
        for (size_t i = 0; i < wire_type_count; i++)
            round_trip(&g, wire_types[i]);
        wire_arena_free(&g.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_choice_without_alternative),    cmocka_unit_test(another_version),
        cmocka_unit_test(an_integer_outside_63_bits),      cmocka_unit_test(text_that_is_not_utf_8),
        cmocka_unit_test(bytes_of_another_size),           cmocka_unit_test(a_time_without_year),
        cmocka_unit_test(what_the_buffer_has_no_room_for), cmocka_unit_test(values_of_every_type_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
