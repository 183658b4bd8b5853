/*
 * table.h: how a type of the ASN.1 modules is described to the codec.
 *
 * Only the codec, the generated tables and tests that make values of every type need it.
 */
#ifndef WIRE_TABLE_H
#define WIRE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/codec.h"
#include "wire/der.h"

enum wire_form {
    WIRE_FORM_SEQUENCE,
    WIRE_FORM_CHOICE,
    WIRE_FORM_LIST, /* SEQUENCE OF */
    WIRE_FORM_SET,  /* SET OF */
    WIRE_FORM_INTEGER,
    WIRE_FORM_BOOLEAN,
    WIRE_FORM_NULL,
    WIRE_FORM_TEXT,
    WIRE_FORM_ANY_TEXT,
    WIRE_FORM_OCTETS,
    WIRE_FORM_INT64,
    WIRE_FORM_TIME,
    WIRE_FORM_COUNT,
};

#define WIRE_REQUIRED SIZE_MAX

/* A field of a SEQUENCE or an alternative of a CHOICE, whose kind is its index plus one. */
struct wire_field {
    const char *name;
    const struct wire_type *type;
    size_t offset;     /* of the value in the enclosing struct */
    size_t has_offset; /* of the bool that says whether it is there; WIRE_REQUIRED: always */
    uint32_t tag;      /* der.h; 0: the type's own */
    bool implicit;     /* the tag stands for the type's own, not around it */
};

struct wire_type {
    const char *name; /* for errors */
    enum wire_form form;
    uint32_t tag; /* der.h; not of a CHOICE */
    size_t size;  /* of the C value */
    const struct wire_field *fields;
    size_t field_count;
    const struct wire_type *element; /* of a list */
    bool is_fixed;                   /* an INTEGER of one value, an OCTET STRING of one size */
    int64_t fixed;
};

/* How every generated list is laid out. */
struct wire_list {
    size_t count;
    void *items;
};

/* The step from a value to a part of it, for errors: a field's name or an element's index. */
struct wire_step {
    const struct wire_step *up; /* NULL: the whole value */
    const char *name;           /* NULL: an element */
    size_t index;
};

/* Sets ERR to "WHAT PATH: WHY" and returns -CODE. */
int wire_fail(struct error *err, int code, const char *what, const struct wire_step *step, const char *why);

/* Whether a value of the field may begin with TAG. */
bool wire_field_accepts(const struct wire_field *field, uint32_t tag);
bool wire_type_accepts(const struct wire_type *type, uint32_t tag);

extern const struct wire_type wire_type_integer, wire_type_boolean, wire_type_null, wire_type_text,
    wire_type_any_text, wire_type_octets, wire_type_int64, wire_type_time;

#endif
