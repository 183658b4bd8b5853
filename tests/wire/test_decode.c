/* What the decoder refuses, and how it says so. Each test damages one thing in a message that is taken
 * otherwise. */
#include "tests/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/buffer.h"
#include "host/error.h"
#include "tests/wire/hex.h"
#include "wire/der.h"
#include "wire_types.h"

#define NAME_AND_INFO "0c01 3a a006 a304 b302 0500"
#define INFO          "301a 3010 020105 0408 0000000000000000 " NAME_AND_INFO

/* Decodes HEX as TYPE; what came of it. */
static int decode_hex(const struct wire_type *type, const char *hex, void *out, struct wire_arena *arena,
                      struct error *err)
{
    static uint8_t data[512];
    size_t size = hex_read(hex, data, sizeof data);
    return wire_decode(type, data, size, arena, out, err);
}

static void refuses(const struct wire_type *type, const char *hex, const char *text)
{
    cleanup_wire_arena struct wire_arena arena = {0};
    struct error err = {0};
    union {
        struct wire_wire wire;
        struct wire_state_file state;
        struct wire_info info;
    } out;
    int result = decode_hex(type, hex, &out, &arena, &err);
    if (result != -EBADMSG)
        fail_msg("%s: %d %s", hex, result, err.text);
    assert_string_equal(err.text, text);
}

static void the_whole_message_is_taken(void **state)
{
    (void)state;
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_wire wire;
    assert_int_equal(decode_hex(&wire_type_wire, INFO, &wire, &arena, NULL), 0);
    assert_int_equal(wire.payload.u.command.u.unikernel.kind, WIRE_UNIKERNEL_CMD_INFO);
}

static void nothing_is_no_message(void **state)
{
    (void)state;
    refuses(&wire_type_wire, "", "decode Wire: nothing where a value should be");
}

static void bytes_after_the_message_are_refused(void **state)
{
    (void)state;
    refuses(&wire_type_wire, INFO "00", "decode Wire: more bytes after the value");
}

static void a_beginning_of_a_message_is_refused(void **state)
{
    (void)state;
    uint8_t data[64];
    size_t size = hex_read(INFO, data, sizeof data);
    for (size_t part = 0; part < size; part++) {
        cleanup_wire_arena struct wire_arena arena = {0};
        struct wire_wire wire;
        /* In memory of its own, so that a sanitizer sees a byte read past the end. */
        uint8_t *copy = malloc(part + 1);
        memcpy(copy, data, part);
        assert_int_equal(wire_decode(&wire_type_wire, copy, part, &arena, &wire, NULL), -EBADMSG);
        free(copy);
    }
}

static void lengths_are_definite_and_minimal(void **state)
{
    (void)state;
    static const char body[] = "3010 020105 0408 0000000000000000 " NAME_AND_INFO;
    static const char *const cases[][2] = {
        {"30811a", "decode Wire: a length that is not minimal"},
        {"3082001a", "decode Wire: a length that is not minimal"},
        {"3080", "decode Wire: an indefinite length"},
        {"3089", "decode Wire: a length that is too large"},
        {"3088ffffffffffffffff", "decode Wire: longer than what is left"},
        {"301b", "decode Wire: longer than what is left"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char hex[256];
        snprintf(hex, sizeof hex, "%s %s", cases[i][0], body);
        refuses(&wire_type_wire, hex, cases[i][1]);
    }
}

static void tags_are_minimal(void **state)
{
    (void)state;
    static const char why[] = "decode BivyRequest: a tag that is not minimal";
    refuses(&wire_type_bivy_request, "bf01 02 0500", why);
    refuses(&wire_type_bivy_request, "bf8041 02 0500", why);
    refuses(&wire_type_bivy_request, "bfffffffff7f 02 0500", "decode BivyRequest: a tag that is too large");
}

static void other_versions_are_told_apart_from_damage(void **state)
{
    (void)state;
    static const char *const versions[] = {"04", "06"};
    for (size_t i = 0; i < 2; i++) {
        cleanup_wire_arena struct wire_arena arena = {0};
        struct wire_wire wire;
        struct error err = {0};
        char hex[256];
        snprintf(hex, sizeof hex, "301a 3010 0201%s 0408 0000000000000000 %s", versions[i], NAME_AND_INFO);
        assert_int_equal(decode_hex(&wire_type_wire, hex, &wire, &arena, &err), -EPROTONOSUPPORT);
        assert_string_equal(err.text, "decode Wire.header.version: a version that is not known here");
    }
}

static void sequence_numbers_have_eight_bytes(void **state)
{
    (void)state;
    static const char why[] = "decode Timeval.seconds: a 64-bit number that is not 8 bytes";
    refuses(&wire_type_timeval, "300c 0407 00000000000000 020100", why);
    refuses(&wire_type_timeval, "300e 0409 000000000000000000 020100", why);
}

static void integers_have_63_bits(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int64_t value;
    } cases[] = {
        {"3014 0408 0000000000000000 0208 3fffffffffffffff", DER_INTEGER_MAX},
        {"3014 0408 0000000000000000 0208 c000000000000000", DER_INTEGER_MIN},
        {"300d 0408 0000000000000000 0201 ff", -1},
        {"300e 0408 0000000000000000 0202 0080", 128},
        {"300e 0408 0000000000000000 0202 ff7f", -129},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cleanup_wire_arena struct wire_arena arena = {0};
        struct wire_timeval timeval;
        assert_int_equal(decode_hex(&wire_type_timeval, cases[i].hex, &timeval, &arena, NULL), 0);
        assert_int_equal(timeval.microseconds, cases[i].value);
    }
    static const char why[] = "decode Timeval.microseconds: an integer outside 63 bits";
    refuses(&wire_type_timeval, "3014 0408 0000000000000000 0208 4000000000000000", why);
    refuses(&wire_type_timeval, "3014 0408 0000000000000000 0208 bfffffffffffffff", why);
    refuses(&wire_type_timeval, "3015 0408 0000000000000000 0209 010000000000000000", why);
}

static void integers_are_minimal(void **state)
{
    (void)state;
    static const char why[] = "decode Timeval.microseconds: an integer that is not minimal";
    refuses(&wire_type_timeval, "300e 0408 0000000000000000 0202 007f", why);
    refuses(&wire_type_timeval, "300e 0408 0000000000000000 0202 ff80", why);
    refuses(&wire_type_timeval, "300c 0408 0000000000000000 0200",
            "decode Timeval.microseconds: an integer without digits");
}

static void any_byte_but_zero_is_true(void **state)
{
    (void)state;
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_image_bytes image;
    assert_int_equal(decode_hex(&wire_type_image_bytes, "3005 010101 0400", &image, &arena, NULL), 0);
    assert_true(image.compressed);
    refuses(&wire_type_image_bytes, "3006 01020000 0400",
            "decode ImageBytes.compressed: a truth value that is not one byte");
    refuses(&wire_type_image_bytes, "3004 0100 0400",
            "decode ImageBytes.compressed: a truth value that is not one byte");
}

static void text_is_utf_8(void **state)
{
    (void)state;
    static const char *const bad[] = {"ff", "00", "c0", "80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char hex[64];
        snprintf(hex, sizeof hex, "3006 0c01 %s 0c01 61", bad[i]);
        refuses(&wire_type_stats_net, hex, "decode StatsNet.bridge: not UTF-8, or with a NUL");
    }
}

static void console_lines_are_any_bytes(void **state)
{
    (void)state;
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_data_console line;
    assert_int_equal(decode_hex(&wire_type_data_console, "3015 180f 32303236313132333037333130385a 0c02 ff00",
                                &line, &arena, NULL),
                     0);
    assert_memory_equal(line.line.data, "\xff\0", 2);
}

static void what_is_not_known_is_refused(void **state)
{
    (void)state;
    refuses(&wire_type_payload, "a402 0500", "decode Payload: a tag that is not known here");
    refuses(&wire_type_payload, "8002 0500", "decode Payload: a tag that is not known here");
    refuses(&wire_type_payload, "a004 a902 0500", "decode Payload.command: a tag that is not known here");
    refuses(&wire_type_unikernel_cmd, "a502 0500", "decode UnikernelCmd: a tag that is not known here");
    refuses(&wire_type_stats_net, "3008 0c0161 0c0162 0500",
            "decode StatsNet: a field that is not known here");
    refuses(&wire_type_block, "3005 0c0161 0500", "decode Block: a field that is not known here");
    refuses(&wire_type_block, "3008 0c0161 020101 0500", "decode Block: a field that is not known here");
}

static void a_tag_holds_one_value(void **state)
{
    (void)state;
    refuses(&wire_type_policy_cmd, "a004 0500 0500", "decode PolicyCmd.info: more than one value in a tag");
    refuses(&wire_type_policy_cmd, "a000", "decode PolicyCmd.info: nothing where a value should be");
    refuses(&wire_type_policy_cmd, "a003 050100", "decode PolicyCmd.info: contents where none may be");
    refuses(&wire_type_policy_cmd, "a003 020100", "decode PolicyCmd.info: a tag that is not known here");
}

static void fields_are_all_there_in_their_order(void **state)
{
    (void)state;
    refuses(&wire_type_stats_net, "3003 0c0161", "decode StatsNet.tap: missing");
    refuses(&wire_type_image_bytes, "3005 0400 0101ff",
            "decode ImageBytes.compressed: another value stands in its place");
}

static void sizes_that_are_fixed_are_kept(void **state)
{
    (void)state;
    refuses(&wire_type_net, "300a 0c0161 0405 0102030405", "decode Net.mac: bytes of the wrong number");
    refuses(&wire_type_bivy_request, "a603 0401 00",
            "decode BivyRequest.image-info: bytes of the wrong number");
}

static void errors_name_the_element(void **state)
{
    (void)state;
    refuses(&wire_type_fail_behaviour, "a109 3107 020101 02020001",
            "decode FailBehaviour.restart[1]: an integer that is not minimal");
    refuses(&wire_type_fail_behaviour, "a105 3103 010100",
            "decode FailBehaviour.restart[0]: a tag that is not known here");
}

static void errors_name_the_whole_way(void **state)
{
    (void)state;
    refuses(&wire_type_wire,
            "3043 3018 020105 0408 0000000000000000 0c09 666f6f3a68656c6c6f a027 a325 b423 3021 a0020500 "
            "010100 0403494d47 "
            "0101ff a0020500 3103020100 02020020 a303020101",
            "decode Wire.payload.command.unikernel.create.memory: an integer that is not minimal");
}

static void a_set_comes_in_any_order(void **state)
{
    (void)state;
    cleanup_wire_arena struct wire_arena arena = {0};
    cleanup_buffer struct buffer out = {0};
    struct wire_fail_behaviour behaviour;
    assert_int_equal(
        decode_hex(&wire_type_fail_behaviour, "a10b 3109 020103 020101 020102", &behaviour, &arena, NULL), 0);
    assert_int_equal(behaviour.u.restart.items[0], 3);
    assert_int_equal(wire_encode(&wire_type_fail_behaviour, &behaviour, &out, NULL), 0);
    uint8_t sorted[16];
    assert_int_equal(hex_read("a10b 3109 020101 020102 020103", sorted, sizeof sorted), out.size);
    assert_memory_equal(out.data, sorted, out.size);
}

/* [1] SET OF with COUNT times the element at ELEMENT. */
static size_t make_list(uint8_t *data, const char *element, size_t element_size, size_t count)
{
    struct der_writer writer = {.data = data, .capacity = element_size * count + 16};
    for (size_t i = 0; i < count; i++)
        der_write(&writer, element, element_size);
    der_write_header(&writer, DER_CONSTRUCTED | 0x11, writer.size);
    der_write_header(&writer, DER_CONTEXT(1), writer.size);
    memmove(data, der_written(&writer), writer.size);
    return writer.size;
}

static void a_list_has_a_limit(void **state)
{
    (void)state;
    uint8_t *data = malloc(3 * (WIRE_LIST_MAX + 1) + 16);
    for (size_t more = 0; more < 2; more++) {
        cleanup_wire_arena struct wire_arena arena = {0};
        struct wire_fail_behaviour behaviour;
        size_t size = make_list(data, "\x02\x01\x05", 3, WIRE_LIST_MAX + more);
        int result = wire_decode(&wire_type_fail_behaviour, data, size, &arena, &behaviour, NULL);
        assert_int_equal(result, more == 0 ? 0 : -EMSGSIZE);
    }
    free(data);
}

static void memory_has_a_limit(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    uint8_t data[3 * COUNT + 16];
    size_t size = make_list(data, "\x02\x01\x05", 3, COUNT);
    for (size_t less = 0; less < 2; less++) {
        cleanup_wire_arena struct wire_arena arena = {.limit = COUNT * sizeof(int64_t) - less};
        struct wire_fail_behaviour behaviour;
        struct error err = {0};
        int result = wire_decode(&wire_type_fail_behaviour, data, size, &arena, &behaviour, &err);
        assert_int_equal(result, less == 0 ? 0 : -EMSGSIZE);
        if (less)
            assert_string_equal(err.text,
                                "decode FailBehaviour.restart: more memory than a message may take");
    }
}

static void depth_costs_nothing(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    uint8_t *data = malloc(6 * DEPTH);
    struct der_writer writer = {.data = data, .capacity = 6 * DEPTH};
    for (size_t i = 0; i < DEPTH; i++)
        der_write_header(&writer, DER_CONTEXT(0), writer.size);
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_payload payload;
    assert_false(writer.full);
    assert_int_equal(
        wire_decode(&wire_type_payload, der_written(&writer), writer.size, &arena, &payload, NULL), -EBADMSG);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_message_is_taken),
        cmocka_unit_test(nothing_is_no_message),
        cmocka_unit_test(bytes_after_the_message_are_refused),
        cmocka_unit_test(a_beginning_of_a_message_is_refused),
        cmocka_unit_test(lengths_are_definite_and_minimal),
        cmocka_unit_test(tags_are_minimal),
        cmocka_unit_test(other_versions_are_told_apart_from_damage),
        cmocka_unit_test(sequence_numbers_have_eight_bytes),
        cmocka_unit_test(integers_have_63_bits),
        cmocka_unit_test(integers_are_minimal),
        cmocka_unit_test(any_byte_but_zero_is_true),
        cmocka_unit_test(text_is_utf_8),
        cmocka_unit_test(console_lines_are_any_bytes),
        cmocka_unit_test(what_is_not_known_is_refused),
        cmocka_unit_test(a_tag_holds_one_value),
        cmocka_unit_test(fields_are_all_there_in_their_order),
        cmocka_unit_test(sizes_that_are_fixed_are_kept),
        cmocka_unit_test(errors_name_the_element),
        cmocka_unit_test(errors_name_the_whole_way),
        cmocka_unit_test(a_set_comes_in_any_order),
        cmocka_unit_test(a_list_has_a_limit),
        cmocka_unit_test(memory_has_a_limit),
        cmocka_unit_test(depth_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
