/* Every message that Albatross's own encoder made is read and written back byte for byte. */
#include "tests/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/buffer.h"
#include "host/error.h"
#include "tests/wire/hex.h"
#include "wire_types.h"

struct vector {
    char title[128];
    uint8_t data[1024];
    size_t size;
};

static struct vector vectors[64];
static size_t vector_count;

/* A message is a line of title and a line of two blanks and hexadecimal digits. */
static int read_vectors(void **state)
{
    (void)state;
    FILE *file = fopen(VECTORS, "r");
    assert_non_null(file);
    char title[128] = "";
    char line[4096];
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        struct vector *vector = &vectors[vector_count];
        if (strncmp(line, "  30", 4) == 0 || strncmp(line, "  a6", 4) == 0) {
            assert_true(vector_count < sizeof vectors / sizeof vectors[0]);
            memcpy(vector->title, title, sizeof title);
            vector->size = hex_read(line + 2, vector->data, sizeof vector->data);
            vector_count++;
        }
        snprintf(title, sizeof title, "%.127s", line);
    }
    fclose(file);
    return 0;
}

static const struct wire_type *type_of(const struct vector *vector)
{
    if (strncmp(vector->title, "cert-", 5) == 0)
        return &wire_type_cert_extension;
    return strncmp(vector->title, "state", 5) == 0 ? &wire_type_state_file : &wire_type_wire;
}

static const struct vector *find(const char *title)
{
    for (size_t i = 0; i < vector_count; i++)
        if (strncmp(vectors[i].title, title, strlen(title)) == 0)
            return &vectors[i];
    fail_msg("no vector %s", title);
    return NULL;
}

static void decode(const char *title, struct wire_arena *arena, struct wire_wire *wire)
{
    const struct vector *vector = find(title);
    struct error err = {0};
    int result = wire_decode(&wire_type_wire, vector->data, vector->size, arena, wire, &err);
    if (result < 0)
        fail_msg("%s: %s", title, err.text);
}

static void every_message_comes_back_byte_for_byte(void **state)
{
    (void)state;
    assert_int_equal(vector_count, 39);
    for (size_t i = 0; i < vector_count; i++) {
        cleanup_wire_arena struct wire_arena arena = {0};
        cleanup_buffer struct buffer out = {0};
        struct error err = {0};
        union {
            struct wire_wire wire;
            struct wire_cert_extension extension;
            struct wire_state_file state;
        } value;
        const struct wire_type *type = type_of(&vectors[i]);
        if (wire_decode(type, vectors[i].data, vectors[i].size, &arena, &value, &err) < 0 ||
            wire_encode(type, &value, &out, &err) < 0)
            fail_msg("%s: %s", vectors[i].title, err.text);
        assert_int_equal(out.size, vectors[i].size);
        assert_memory_equal(out.data, vectors[i].data, out.size);
    }
}

static void a_create_has_its_fields(void **state)
{
    (void)state;
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_wire wire;
    decode("wire command Unikernel_create minimal", &arena, &wire);
    assert_int_equal(wire.header.version, 5);
    assert_true(wire_text_is(wire.header.name, "foo:hello"));
    assert_int_equal(wire.payload.kind, WIRE_PAYLOAD_COMMAND);
    assert_int_equal(wire.payload.u.command.kind, WIRE_COMMAND_UNIKERNEL);
    assert_int_equal(wire.payload.u.command.u.unikernel.kind, WIRE_UNIKERNEL_CMD_CREATE);
    const struct wire_config *config = &wire.payload.u.command.u.unikernel.u.create;
    assert_int_equal(config->typ.kind, WIRE_TYP_SOLO5);
    assert_false(config->compressed);
    assert_true(wire_text_is(config->image, "IMG"));
    assert_false(config->has_startup);
    assert_true(config->add_name);
    assert_int_equal(config->fail_behaviour.kind, WIRE_FAIL_BEHAVIOUR_QUIT);
    assert_int_equal(config->cpuids.count, 1);
    assert_int_equal(config->cpuids.items[0], 0);
    assert_int_equal(config->memory, 32);
    assert_false(config->has_blocks);
    assert_true(config->has_cpus);
    assert_int_equal(config->cpus, 1);
}

static void an_info_has_its_fields(void **state)
{
    (void)state;
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_wire wire;
    decode("wire success Unikernel_info", &arena, &wire);
    assert_int_equal(wire.payload.u.reply.kind, WIRE_SUCCESS_INFO);
    assert_int_equal(wire.payload.u.reply.u.info.count, 1);
    const struct wire_info *info = &wire.payload.u.reply.u.info.items[0].info;
    assert_int_equal(info->startup, 50);
    assert_int_equal(info->fail_behaviour.kind, WIRE_FAIL_BEHAVIOUR_RESTART);
    assert_int_equal(info->fail_behaviour.u.restart.count, 0);
    assert_int_equal(info->digest.size, 32);
    assert_int_equal(info->blocks.items[0].size_mb, 10);
    assert_true(wire_text_is(info->bridges.items[0].host_device, "br0"));
    assert_int_equal(info->arguments.count, 2);
    assert_true(wire_text_is(info->arguments.items[1], "b"));
    assert_int_equal(info->started, 1795419068000);
    assert_int_equal(info->cpus, 1);
}

static void statistics_have_their_fields(void **state)
{
    (void)state;
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_wire wire;
    decode("wire data Stats_data full", &arena, &wire);
    const struct wire_statistics *statistics = &wire.payload.u.data.u.statistics;
    assert_int_equal(statistics->rusage.utime.seconds, 1);
    assert_int_equal(statistics->rusage.nivcsw, 18);
    assert_int_equal(statistics->ifdata.items[0].mtu, 1500);
    assert_int_equal(statistics->ifdata.items[0].output_dropped, 17);
    assert_int_equal(statistics->vmm.items[0].value, 1);
    assert_true(statistics->has_kinfo);
    assert_int_equal(statistics->kinfo.cow, 7);
    assert_int_equal(statistics->kinfo.start.microseconds, 9);
}

static void times_are_milliseconds(void **state)
{
    (void)state;
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_wire wire;
    decode("wire command Console_subscribe Since", &arena, &wire);
    assert_int_equal(wire.payload.u.command.u.console.u.subscribe.u.since, 1795419068250);
}

static void the_sequence_is_read(void **state)
{
    (void)state;
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_wire wire;
    decode("wire command Console_add", &arena, &wire);
    assert_int_equal(wire.header.sequence, 1);
    assert_int_equal(wire.payload.u.command.u.console.u.add, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back_byte_for_byte),
        cmocka_unit_test(a_create_has_its_fields),
        cmocka_unit_test(an_info_has_its_fields),
        cmocka_unit_test(statistics_have_their_fields),
        cmocka_unit_test(times_are_milliseconds),
        cmocka_unit_test(the_sequence_is_read),
    };
    return cmocka_run_group_tests(tests, read_vectors, NULL);
}
