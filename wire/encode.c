/*
 * encode.c: messages to DER; see codec.h.
 *
 * Everything runs twice over the value: once to check it and to count the bytes, once to write them, from the
 * last to the first (wire/der.h). Only the second run sorts sets, because only it has bytes to compare.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/buffer.h"
#include "wire/codec.h"
#include "wire/table.h"
#include "wire/timestamp.h"
#include "wire/utf8.h"

struct encoder {
    struct der_writer writer;
    struct error *err;
};

/* Puts the value at IN before what was written: header and contents, or of a CHOICE the alternative. */
typedef int encode_function(struct encoder *encoder, const struct wire_type *type, const void *in,
                            const struct wire_step *step);

static encode_function encode_value, encode_contents;

static int fail(struct encoder *encoder, const struct wire_step *step, const char *why)
{
    return wire_fail(encoder->err, EINVAL, "encode", step, why);
}

static int encode_integer(struct encoder *encoder, const struct wire_type *type, const void *in,
                          const struct wire_step *step)
{
    int64_t value;
    memcpy(&value, in, sizeof value);
    if (value < DER_INTEGER_MIN || value > DER_INTEGER_MAX)
        return fail(encoder, step, "an integer outside 63 bits");
    if (type->is_fixed && value != type->fixed)
        return fail(encoder, step, "not the protocol's version");
    der_write_integer(&encoder->writer, value);
    return 0;
}

static int encode_boolean(struct encoder *encoder, const struct wire_type *type, const void *in,
                          const struct wire_step *step)
{
    (void)type;
    (void)step;
    bool value;
    memcpy(&value, in, sizeof value);
    der_write(&encoder->writer, &(uint8_t){value ? 0xff : 0x00}, 1);
    return 0;
}

static int encode_null(struct encoder *encoder, const struct wire_type *type, const void *in,
                       const struct wire_step *step)
{
    (void)encoder;
    (void)type;
    (void)in;
    (void)step;
    return 0;
}

static int encode_bytes(struct encoder *encoder, const struct wire_type *type, const void *in,
                        const struct wire_step *step)
{
    struct wire_bytes value;
    memcpy(&value, in, sizeof value);
    if (type->is_fixed && value.size != (size_t)type->fixed)
        return fail(encoder, step, "bytes of the wrong number");
    if (type->form == WIRE_FORM_TEXT && !utf8_is_text(value.data, value.size))
        return fail(encoder, step, "not UTF-8, or with a NUL");
    der_write(&encoder->writer, value.data, value.size);
    return 0;
}

static int encode_int64(struct encoder *encoder, const struct wire_type *type, const void *in,
                        const struct wire_step *step)
{
    (void)type;
    (void)step;
    uint64_t bits;
    memcpy(&bits, in, sizeof bits);
    uint8_t bytes[sizeof bits];
    for (size_t i = sizeof bits; i-- > 0; bits >>= 8)
        bytes[i] = (uint8_t)bits;
    der_write(&encoder->writer, bytes, sizeof bytes);
    return 0;
}

static int encode_time(struct encoder *encoder, const struct wire_type *type, const void *in,
                       const struct wire_step *step)
{
    (void)type;
    int64_t value;
    memcpy(&value, in, sizeof value);
    char text[WIRE_TIME_SIZE];
    size_t size = wire_time_print(value, text);
    if (size == 0)
        return fail(encoder, step, "a time outside the years 0 to 9999");
    der_write(&encoder->writer, text, size);
    return 0;
}

static int encode_field(struct encoder *encoder, const struct wire_field *field, const char *in,
                        const struct wire_step *step)
{
    struct wire_step below = {step, field->name, 0};
    size_t before = encoder->writer.size;
    int result = field->implicit ? encode_contents(encoder, field->type, in + field->offset, &below)
                                 : encode_value(encoder, field->type, in + field->offset, &below);
    if (result == 0 && field->tag != 0)
        der_write_header(&encoder->writer, field->tag, encoder->writer.size - before);
    return result;
}

static int encode_choice(struct encoder *encoder, const struct wire_type *type, const void *in,
                         const struct wire_step *step)
{
    unsigned kind;
    memcpy(&kind, in, sizeof kind);
    if (kind == 0 || kind > type->field_count)
        return fail(encoder, step, "no alternative is chosen");
    return encode_field(encoder, &type->fields[kind - 1], in, step);
}

static int encode_sequence(struct encoder *encoder, const struct wire_type *type, const void *in,
                           const struct wire_step *step)
{
    for (size_t i = type->field_count; i-- > 0;) {
        const struct wire_field *field = &type->fields[i];
        bool has = true;
        if (field->has_offset != WIRE_REQUIRED)
            memcpy(&has, (const char *)in + field->has_offset, sizeof has);
        int result = has ? encode_field(encoder, field, in, step) : 0;
        if (result < 0)
            return result;
    }
    return 0;
}

static int encode_list(struct encoder *encoder, const struct wire_type *type, const void *in,
                       const struct wire_step *step)
{
    struct wire_list list;
    memcpy(&list, in, sizeof list);
    if (list.count > WIRE_LIST_MAX)
        return fail(encoder, step, "more elements than a list may have");
    for (size_t i = list.count; i-- > 0;) {
        struct wire_step below = {step, NULL, i};
        int result =
            encode_value(encoder, type->element, (const char *)list.items + i * type->element->size, &below);
        if (result < 0)
            return result;
    }
    return 0;
}

/* The order of a SET OF (X.690, 11.6); no element can be the beginning of another. */
static int compare_items(const void *left, const void *right)
{
    const struct wire_bytes *a = left;
    const struct wire_bytes *b = right;
    size_t size = a->size < b->size ? a->size : b->size;
    return memcmp(a->data, b->data, size);
}

/* Sorts the COUNT items that make up the SIZE bytes at DATA. */
static int sort_items(uint8_t *data, size_t size, size_t count)
{
    struct wire_bytes *items = calloc(count, sizeof *items);
    uint8_t *copy = malloc(size);
    int result = items == NULL || copy == NULL ? -ENOMEM : 0;
    if (result == 0) {
        memcpy(copy, data, size);
        struct der_reader reader = {copy, size};
        for (size_t i = 0; i < count; i++) {
            struct der_item item;
            items[i].data = reader.data;
            der_read(&reader, &item);
            items[i].size = (size_t)(reader.data - items[i].data);
        }
        qsort(items, count, sizeof *items, compare_items);
        for (size_t i = 0; i < count; data += items[i].size, i++)
            memcpy(data, items[i].data, items[i].size);
    }
    free(items);
    free(copy);
    return result;
}

static int encode_set(struct encoder *encoder, const struct wire_type *type, const void *in,
                      const struct wire_step *step)
{
    struct wire_list list;
    memcpy(&list, in, sizeof list);
    size_t before = encoder->writer.size;
    int result = encode_list(encoder, type, in, step);
    if (result < 0 || encoder->writer.data == NULL || encoder->writer.full || list.count < 2)
        return result;
    result = sort_items(der_written(&encoder->writer), encoder->writer.size - before, list.count);
    return result < 0 ? wire_fail(encoder->err, -result, "encode", step, "out of memory") : 0;
}

static int encode_contents(struct encoder *encoder, const struct wire_type *type, const void *in,
                           const struct wire_step *step)
{
    static encode_function *const functions[WIRE_FORM_COUNT] = {
        [WIRE_FORM_SEQUENCE] = encode_sequence, [WIRE_FORM_CHOICE] = encode_choice,
        [WIRE_FORM_LIST] = encode_list,         [WIRE_FORM_SET] = encode_set,
        [WIRE_FORM_INTEGER] = encode_integer,   [WIRE_FORM_BOOLEAN] = encode_boolean,
        [WIRE_FORM_NULL] = encode_null,         [WIRE_FORM_TEXT] = encode_bytes,
        [WIRE_FORM_ANY_TEXT] = encode_bytes,    [WIRE_FORM_OCTETS] = encode_bytes,
        [WIRE_FORM_INT64] = encode_int64,       [WIRE_FORM_TIME] = encode_time,
    };
    return functions[type->form](encoder, type, in, step);
}

static int encode_value(struct encoder *encoder, const struct wire_type *type, const void *in,
                        const struct wire_step *step)
{
    size_t before = encoder->writer.size;
    int result = encode_contents(encoder, type, in, step);
    if (result == 0 && type->form != WIRE_FORM_CHOICE)
        der_write_header(&encoder->writer, type->tag, encoder->writer.size - before);
    return result;
}

int wire_encode(const struct wire_type *type, const void *value, struct buffer *out, struct error *err)
{
    struct wire_step step = {NULL, type->name, 0};
    struct encoder count = {{0}, err};
    int result = encode_value(&count, type, value, &step);
    if (result < 0)
        return result;
    uint8_t *data = buffer_reserve(out, count.writer.size);
    if (count.writer.full || data == NULL) {
        bool over = out->limit != 0 && count.writer.size > out->limit - out->size;
        return wire_fail(err, over ? EMSGSIZE : ENOMEM, "encode", &step, "more bytes than there is room for");
    }
    struct encoder write = {{.data = data, .capacity = count.writer.size}, err};
    result = encode_value(&write, type, value, &step);
    if (result < 0)
        return result;
    if (write.writer.full || write.writer.size != count.writer.size)
        return fail(&write, &step, "the value changed meanwhile");
    out->size += write.writer.size;
    return 0;
}
