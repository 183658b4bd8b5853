/* schema.c: checking JSON against a shape, and describing the shape; see schema.h. */
#include "schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/error.h"

static bool is_choice(const struct schema_field *field, const char *text)
{
    for (size_t i = 0; field->choices[i] != NULL; i++)
        if (strcmp(field->choices[i], text) == 0)
            return true;
    return false;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

static int refuse(const struct schema_field *field, struct error *err, const char *why)
{
    return error_set(err, EINVAL, "check request", field->name, "%s", why);
}

static int check_text(const struct schema_field *field, const json_t *value, struct error *err)
{
    const char *text = json_string_value(value);
    if (text == NULL)
        return refuse(field, err, "must be a text");
    size_t size = strlen(text);
    if ((int64_t)size < field->least)
        return error_set(err, EINVAL, "check request", field->name, "shorter than %lld bytes",
                         (long long)field->least);
    if ((int64_t)size > field->most)
        return error_set(err, EINVAL, "check request", field->name, "longer than %lld bytes",
                         (long long)field->most);
    if (has_control(text))
        return refuse(field, err, "contains a control character");
    return 0;
}

static int check_choice(const struct schema_field *field, const json_t *value, struct error *err)
{
    const char *text = json_string_value(value);
    char list[192] = "";
    if (text != NULL && is_choice(field, text))
        return 0;
    for (size_t i = 0; field->choices[i] != NULL; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", field->choices[i]);
    }
    return error_set(err, EINVAL, "check request", field->name, "must be one of %s", list);
}

static int check_integer(const struct schema_field *field, const json_t *value, struct error *err)
{
    if (!json_is_integer(value))
        return refuse(field, err, "must be an integer");
    if (json_integer_value(value) < field->least || json_integer_value(value) > field->most)
        return error_set(err, EINVAL, "check request", field->name, "must be between %lld and %lld",
                         (long long)field->least, (long long)field->most);
    return 0;
}

static int check_array(const struct schema_field *field, const json_t *value, struct error *err)
{
    if (!json_is_array(value))
        return refuse(field, err, "must be an array");
    if (json_array_size(value) > field->items)
        return error_set(err, EINVAL, "check request", field->name, "has more than %zu items", field->items);
    int result = 0;
    for (size_t i = 0; i < json_array_size(value) && result == 0; i++) {
        const json_t *item = json_array_get(value, i);
        if (field->kind == SCHEMA_OBJECTS)
            result = schema_check(field->of, item, err);
        else if (field->kind == SCHEMA_TEXTS)
            result = check_text(field, item, err);
        else
            result = check_integer(field, item, err);
    }
    return result;
}

static int check_field(const struct schema_field *field, const json_t *value, struct error *err)
{
    switch (field->kind) {
    case SCHEMA_TEXT:
        return field->choices != NULL ? check_choice(field, value, err) : check_text(field, value, err);
    case SCHEMA_INTEGER:
        return check_integer(field, value, err);
    case SCHEMA_BOOLEAN:
        return json_is_boolean(value) ? 0 : refuse(field, err, "must be true or false");
    case SCHEMA_OBJECT:
        return schema_check(field->of, value, err);
    case SCHEMA_CHOICE_OR_INTEGERS:
        return json_is_array(value) ? check_array(field, value, err) : check_choice(field, value, err);
    case SCHEMA_INTEGERS:
    case SCHEMA_TEXTS:
    case SCHEMA_OBJECTS:
        return check_array(field, value, err);
    }
    return refuse(field, err, "has no known type");
}

static const struct schema_field *find_field(const struct schema *schema, const char *name)
{
    for (const struct schema_field *field = schema->fields; field->name != NULL; field++)
        if (strcmp(field->name, name) == 0)
            return field;
    return NULL;
}

int schema_check(const struct schema *schema, const json_t *object, struct error *err)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return error_set(err, EINVAL, "check request", schema->name, "must be an object");
    for (const struct schema_field *field = schema->fields; field->name != NULL; field++)
        if (!field->optional && json_object_get(object, field->name) == NULL)
            return refuse(field, err, "is missing");
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const struct schema_field *field = find_field(schema, key);
        if (field == NULL)
            return error_set(err, EINVAL, "check request", key, "is not known here");
        int result = check_field(field, value, err);
        if (result < 0)
            return result;
    }
    return 0;
}

static json_t *describe_reference(const struct schema *schema)
{
    return json_pack("{s:s+}", "$ref", "#/components/schemas/", schema->name);
}

static json_t *describe_choices(const struct schema_field *field)
{
    json_t *choices = json_array();
    for (size_t i = 0; field->choices != NULL && field->choices[i] != NULL; i++)
        json_array_append_new(choices, json_string(field->choices[i]));
    return json_pack("{s:s, s:o}", "type", "string", "enum", choices);
}

static json_t *describe_text(const struct schema_field *field)
{
    if (field->choices != NULL)
        return describe_choices(field);
    json_t *text = json_pack("{s:s}", "type", "string");
    if (field->least > 0)
        json_object_set_new(text, "minLength", json_integer(1));
    if (field->most > 0)
        json_object_set_new(text, "maxLength", json_integer(field->most));
    return text;
}

static json_t *describe_integer(const struct schema_field *field)
{
    json_t *integer = json_pack("{s:s}", "type", "integer");
    if (field->least != 0 || field->most != 0) {
        json_object_set_new(integer, "minimum", json_integer(field->least));
        json_object_set_new(integer, "maximum", json_integer(field->most));
    }
    return integer;
}

static json_t *describe_array(const struct schema_field *field, json_t *item)
{
    json_t *array = json_pack("{s:s, s:o}", "type", "array", "items", item);
    if (field->items > 0)
        json_object_set_new(array, "maxItems", json_integer((json_int_t)field->items));
    return array;
}

static json_t *describe_field(const struct schema_field *field)
{
    switch (field->kind) {
    case SCHEMA_TEXT:
        return describe_text(field);
    case SCHEMA_INTEGER:
        return describe_integer(field);
    case SCHEMA_BOOLEAN:
        return json_pack("{s:s}", "type", "boolean");
    case SCHEMA_INTEGERS:
        return describe_array(field, describe_integer(field));
    case SCHEMA_TEXTS:
        return describe_array(field, describe_text(field));
    case SCHEMA_OBJECTS:
        return describe_array(field, describe_reference(field->of));
    case SCHEMA_OBJECT:
        return describe_reference(field->of);
    case SCHEMA_CHOICE_OR_INTEGERS:
        return json_pack("{s:[o, o]}", "oneOf", describe_choices(field),
                         describe_array(field, describe_integer(field)));
    }
    return NULL;
}

json_t *schema_describe(const struct schema *schema)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    for (const struct schema_field *field = schema->fields; field->name != NULL; field++) {
        json_t *shape = describe_field(field);
        if (field->about != NULL && field->kind != SCHEMA_OBJECT)
            json_object_set_new(shape, "description", json_string(field->about));
        json_object_set_new(properties, field->name, shape);
        if (!field->optional)
            json_array_append_new(required, json_string(field->name));
    }
    return json_pack("{s:s, s:s, s:o, s:o, s:b}", "type", "object", "description", schema->about,
                     "properties", properties, "required", required, "additionalProperties", 0);
}
