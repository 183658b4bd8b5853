/* table.c: the types that need no module, and what reader and writer share; see table.h. */
#include "wire/table.h"

#include <stdio.h>
#include <string.h>

#include "host/error.h"

const struct wire_type wire_type_boolean = {"Boolean", WIRE_FORM_BOOLEAN, 0x01, sizeof(bool),
                                            .element = NULL};
const struct wire_type wire_type_integer = {"Integer", WIRE_FORM_INTEGER, 0x02, sizeof(int64_t),
                                            .element = NULL};
const struct wire_type wire_type_octets = {"Octets", WIRE_FORM_OCTETS, 0x04, sizeof(struct wire_bytes),
                                           .element = NULL};
const struct wire_type wire_type_int64 = {"Int64", WIRE_FORM_INT64, 0x04, sizeof(int64_t), .element = NULL};
const struct wire_type wire_type_null = {"Null", WIRE_FORM_NULL, 0x05, 0, .element = NULL};
const struct wire_type wire_type_text = {"Text", WIRE_FORM_TEXT, 0x0c, sizeof(struct wire_bytes),
                                         .element = NULL};
const struct wire_type wire_type_any_text = {"AnyText", WIRE_FORM_ANY_TEXT, 0x0c, sizeof(struct wire_bytes),
                                             .element = NULL};
const struct wire_type wire_type_time = {"Time", WIRE_FORM_TIME, 0x18, sizeof(int64_t), .element = NULL};

bool wire_type_accepts(const struct wire_type *type, uint32_t tag)
{
    if (type->form != WIRE_FORM_CHOICE)
        return tag == type->tag;
    for (size_t i = 0; i < type->field_count; i++)
        if (wire_field_accepts(&type->fields[i], tag))
            return true;
    return false;
}

bool wire_field_accepts(const struct wire_field *field, uint32_t tag)
{
    return field->tag != 0 ? tag == field->tag : wire_type_accepts(field->type, tag);
}

/* Appends to TEXT the way from the whole value to STEP; SIZE is TEXT's, what does not fit is left out. */
static void print_path(char *text, size_t size, const struct wire_step *step)
{
    if (step->up != NULL)
        print_path(text, size, step->up);
    size_t used = strlen(text);
    if (step->name == NULL)
        snprintf(text + used, size - used, "[%zu]", step->index);
    else
        snprintf(text + used, size - used, "%s%s", step->up != NULL ? "." : "", step->name);
}

int wire_fail(struct error *err, int code, const char *what, const struct wire_step *step, const char *why)
{
    char text[256];
    snprintf(text, sizeof text, "%s ", what);
    print_path(text, sizeof text, step);
    return error_set(err, code, text, NULL, "%s", why);
}

struct wire_bytes wire_text(const char *text)
{
    return (struct wire_bytes){(const uint8_t *)text, strlen(text)};
}

bool wire_text_is(struct wire_bytes bytes, const char *text)
{
    return bytes.size == strlen(text) && (bytes.size == 0 || memcmp(bytes.data, text, bytes.size) == 0);
}

char *wire_text_copy(struct wire_arena *arena, struct wire_bytes bytes)
{
    char *copy = bytes.size < SIZE_MAX ? wire_arena_take(arena, bytes.size + 1, NULL) : NULL;
    if (copy != NULL && bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    return copy;
}
