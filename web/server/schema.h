/*
 * schema.h: the shape of the JSON that comes in and goes out.
 *
 * One table says it: requests are checked against it before a handler sees them, and the OpenAPI document is
 * printed from it, so that neither can say something else than the other.
 */
#ifndef WEB_SERVER_SCHEMA_H
#define WEB_SERVER_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

enum schema_kind {
    SCHEMA_TEXT,    /* least..most bytes; CHOICES, if any, are the only values */
    SCHEMA_INTEGER, /* least..most */
    SCHEMA_BOOLEAN,
    SCHEMA_INTEGERS,           /* array of at most ITEMS integers, each least..most */
    SCHEMA_TEXTS,              /* array of at most ITEMS texts, each least..most bytes */
    SCHEMA_OBJECTS,            /* array of at most ITEMS objects of shape OF */
    SCHEMA_OBJECT,             /* an object of shape OF */
    SCHEMA_CHOICE_OR_INTEGERS, /* a text of CHOICES, or as SCHEMA_INTEGERS */
};

struct schema_field {
    const char *name;
    enum schema_kind kind;
    bool optional;
    int64_t least, most;
    size_t items;
    const char *const *choices; /* NULL-terminated */
    const struct schema *of;
    const char *about;
};

struct schema {
    const char *name; /* of the component in the OpenAPI document */
    const char *about;
    const struct schema_field *fields; /* ended by a NULL name */
};

/* Everything that the OpenAPI document lists, NULL-terminated. */
extern const struct schema *const schema_all[];

/* Those the operation table names. */
extern const struct schema schema_setup_state, schema_setup, schema_credentials, schema_session, schema_host,
    schema_unikernel, schema_deployment, schema_new_upload, schema_upload, schema_image, schema_error;

/*
 * Checks an object: every field that is not optional is there, no field is unknown, each has its type and
 * range and texts have no control characters. -EINVAL with ERR naming the field.
 */
int schema_check(const struct schema *schema, const json_t *object, struct error *err);

/* The JSON Schema of one shape, for the OpenAPI document; a new reference, NULL when out of memory. */
json_t *schema_describe(const struct schema *schema);

#endif
