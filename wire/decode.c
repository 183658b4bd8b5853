/* decode.c: DER to messages; see codec.h. */
#include <errno.h>
#include <string.h>

#include "wire/codec.h"
#include "wire/table.h"
#include "wire/timestamp.h"
#include "wire/utf8.h"

struct decoder {
    struct wire_arena *arena;
    struct error *err;
};

/* Decodes ITEM, whose tag is already known to fit, into the zeroed value at OUT. */
typedef int decode_function(struct decoder *decoder, const struct wire_type *type,
                            const struct der_item *item, void *out, const struct wire_step *step);

static decode_function decode_value;

static int fail(struct decoder *decoder, const struct wire_step *step, const char *why)
{
    return wire_fail(decoder->err, EBADMSG, "decode", step, why);
}

static int decode_integer(struct decoder *decoder, const struct wire_type *type, const struct der_item *item,
                          void *out, const struct wire_step *step)
{
    const char *why = der_read_integer(item, out);
    if (why != NULL)
        return fail(decoder, step, why);
    int64_t value;
    memcpy(&value, out, sizeof value);
    if (type->is_fixed && value != type->fixed)
        return wire_fail(decoder->err, EPROTONOSUPPORT, "decode", step, "a version that is not known here");
    return 0;
}

static int decode_boolean(struct decoder *decoder, const struct wire_type *type, const struct der_item *item,
                          void *out, const struct wire_step *step)
{
    (void)type;
    if (item->size != 1)
        return fail(decoder, step, "a truth value that is not one byte");
    bool value = item->data[0] != 0;
    memcpy(out, &value, sizeof value);
    return 0;
}

static int decode_null(struct decoder *decoder, const struct wire_type *type, const struct der_item *item,
                       void *out, const struct wire_step *step)
{
    (void)type;
    (void)out;
    return item->size == 0 ? 0 : fail(decoder, step, "contents where none may be");
}

static int decode_bytes(struct decoder *decoder, const struct wire_type *type, const struct der_item *item,
                        void *out, const struct wire_step *step)
{
    if (type->form == WIRE_FORM_TEXT && !utf8_is_text(item->data, item->size))
        return fail(decoder, step, "not UTF-8, or with a NUL");
    if (type->is_fixed && item->size != (size_t)type->fixed)
        return fail(decoder, step, "bytes of the wrong number");
    memcpy(out, &(struct wire_bytes){item->data, item->size}, sizeof(struct wire_bytes));
    return 0;
}

static int decode_int64(struct decoder *decoder, const struct wire_type *type, const struct der_item *item,
                        void *out, const struct wire_step *step)
{
    (void)type;
    uint64_t bits = 0;
    if (item->size != sizeof bits)
        return fail(decoder, step, "a 64-bit number that is not 8 bytes");
    for (size_t i = 0; i < sizeof bits; i++)
        bits = bits << 8 | item->data[i];
    memcpy(out, &bits, sizeof bits);
    return 0;
}

static int decode_time(struct decoder *decoder, const struct wire_type *type, const struct der_item *item,
                       void *out, const struct wire_step *step)
{
    (void)type;
    return wire_time_parse(item->data, item->size, out) ? 0 : fail(decoder, step, "not a time");
}

/* Reads the only item in an EXPLICIT tag. */
static int open_tag(struct decoder *decoder, const struct wire_field *field, const struct der_item *item,
                    struct der_item *inner, const struct wire_step *step)
{
    struct der_reader reader = {item->data, item->size};
    const char *why = der_read(&reader, inner);
    if (why != NULL)
        return fail(decoder, step, why);
    if (reader.size > 0)
        return fail(decoder, step, "more than one value in a tag");
    return wire_type_accepts(field->type, inner->tag) ? 0
                                                      : fail(decoder, step, "a tag that is not known here");
}

static int decode_field(struct decoder *decoder, const struct wire_field *field, const struct der_item *item,
                        char *out, const struct wire_step *step)
{
    struct wire_step below = {step, field->name, 0};
    struct der_item inner = *item;
    if (field->tag != 0 && !field->implicit) {
        int result = open_tag(decoder, field, item, &inner, &below);
        if (result < 0)
            return result;
    }
    if (field->has_offset != WIRE_REQUIRED)
        memcpy(out + field->has_offset, &(bool){true}, sizeof(bool));
    return decode_value(decoder, field->type, &inner, out + field->offset, &below);
}

static int decode_choice(struct decoder *decoder, const struct wire_type *type, const struct der_item *item,
                         void *out, const struct wire_step *step)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (!wire_field_accepts(&type->fields[i], item->tag))
            continue;
        memcpy(out, &(int){(int)i + 1}, sizeof(int));
        return decode_field(decoder, &type->fields[i], item, out, step);
    }
    return fail(decoder, step, "a tag that is not known here");
}

static int decode_sequence(struct decoder *decoder, const struct wire_type *type, const struct der_item *item,
                           void *out, const struct wire_step *step)
{
    struct der_reader reader = {item->data, item->size};
    struct der_item part;
    bool have = false;
    for (size_t i = 0; i < type->field_count; i++) {
        const struct wire_field *field = &type->fields[i];
        struct wire_step below = {step, field->name, 0};
        if (!have && reader.size > 0) {
            const char *why = der_read(&reader, &part);
            if (why != NULL)
                return fail(decoder, &below, why);
            have = true;
        }
        if (have && wire_field_accepts(field, part.tag)) {
            int result = decode_field(decoder, field, &part, out, step);
            if (result < 0)
                return result;
            have = false;
        } else if (field->has_offset == WIRE_REQUIRED) {
            return fail(decoder, &below, have ? "another value stands in its place" : "missing");
        }
    }
    return !have && reader.size == 0 ? 0 : fail(decoder, step, "a field that is not known here");
}

/* Counts the elements before any memory is taken for them. */
static int count_items(struct decoder *decoder, const struct der_item *item, size_t *count,
                       const struct wire_step *step)
{
    struct der_reader reader = {item->data, item->size};
    for (*count = 0; reader.size > 0; (*count)++) {
        struct der_item part;
        struct wire_step below = {step, NULL, *count};
        const char *why = der_read(&reader, &part);
        if (why != NULL)
            return fail(decoder, &below, why);
        if (*count == WIRE_LIST_MAX)
            return wire_fail(decoder->err, EMSGSIZE, "decode", step, "more elements than are taken");
    }
    return 0;
}

static int decode_list(struct decoder *decoder, const struct wire_type *type, const struct der_item *item,
                       void *out, const struct wire_step *step)
{
    struct wire_list list = {0};
    int result = count_items(decoder, item, &list.count, step);
    if (result < 0)
        return result;
    if (list.count > 0)
        list.items = wire_arena_take(decoder->arena, list.count * type->element->size, &result);
    if (result < 0)
        return wire_fail(decoder->err, -result, "decode", step, "more memory than a message may take");
    struct der_reader reader = {item->data, item->size};
    for (size_t i = 0; i < list.count; i++) {
        struct der_item part;
        struct wire_step below = {step, NULL, i};
        if (der_read(&reader, &part) != NULL || !wire_type_accepts(type->element, part.tag))
            return fail(decoder, &below, "a tag that is not known here");
        result =
            decode_value(decoder, type->element, &part, (char *)list.items + i * type->element->size, &below);
        if (result < 0)
            return result;
    }
    memcpy(out, &list, sizeof list);
    return 0;
}

static int decode_value(struct decoder *decoder, const struct wire_type *type, const struct der_item *item,
                        void *out, const struct wire_step *step)
{
    static decode_function *const functions[WIRE_FORM_COUNT] = {
        [WIRE_FORM_SEQUENCE] = decode_sequence, [WIRE_FORM_CHOICE] = decode_choice,
        [WIRE_FORM_LIST] = decode_list,         [WIRE_FORM_SET] = decode_list,
        [WIRE_FORM_INTEGER] = decode_integer,   [WIRE_FORM_BOOLEAN] = decode_boolean,
        [WIRE_FORM_NULL] = decode_null,         [WIRE_FORM_TEXT] = decode_bytes,
        [WIRE_FORM_ANY_TEXT] = decode_bytes,    [WIRE_FORM_OCTETS] = decode_bytes,
        [WIRE_FORM_INT64] = decode_int64,       [WIRE_FORM_TIME] = decode_time,
    };
    return functions[type->form](decoder, type, item, out, step);
}

int wire_decode(const struct wire_type *type, const uint8_t *data, size_t size, struct wire_arena *arena,
                void *out, struct error *err)
{
    struct decoder decoder = {arena, err};
    struct wire_step step = {NULL, type->name, 0};
    struct der_reader reader = {data, size};
    struct der_item item;
    memset(out, 0, type->size);
    const char *why = der_read(&reader, &item);
    if (why == NULL && reader.size > 0)
        why = "more bytes after the value";
    if (why == NULL && !wire_type_accepts(type, item.tag))
        why = "a tag that is not known here";
    return why != NULL ? fail(&decoder, &step, why) : decode_value(&decoder, type, &item, out, &step);
}
