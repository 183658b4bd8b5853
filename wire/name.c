/* name.c: names; see name.h. */
#include "wire/name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/error.h"

#define LABEL_RULE "labels are 1 to 63 letters, digits, '-' and '.', and do not begin with '-'"

static bool is_label_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

/* Takes the SIZE bytes at TEXT as a label, in small letters; false: they are none. */
static bool take_label(char label[static NAME_LABEL_MAX + 1], const char *text, size_t size)
{
    if (size == 0 || size > NAME_LABEL_MAX || text[0] == '-')
        return false;
    for (size_t i = 0; i < size; i++) {
        if (!is_label_byte(text[i]))
            return false;
        label[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + ('a' - 'A') : text[i]);
    }
    label[size] = '\0';
    return strcmp(label, ".") != 0 && strcmp(label, "..") != 0;
}

static size_t text_size(const struct name *name)
{
    size_t size = strlen(name->label) + (name->depth == 0);
    for (size_t i = 0; i < name->depth; i++)
        size += strlen(name->path[i]) + 1;
    return size;
}

static int refuse(struct error *err, const char *text, size_t size, const char *why)
{
    char quoted[96];
    snprintf(quoted, sizeof quoted, "'%.*s'%s", (int)(size < 80 ? size : 80), text, size > 80 ? "..." : "");
    return error_set(err, EINVAL, "read name", quoted, "%s", why);
}

static int parse(struct name *name, const char *text, size_t size, struct error *err)
{
    *name = (struct name){0};
    if (size == 0)
        return refuse(err, "", 0, "empty");
    const char *at = text;
    const char *end = text + size;
    if (*at == ':')
        at++;
    for (const char *colon; at < end && (colon = memchr(at, ':', (size_t)(end - at))) != NULL;
         at = colon + 1) {
        if (name->depth == NAME_DEPTH_MAX)
            return refuse(err, text, size, "more than 16 labels deep");
        if (!take_label(name->path[name->depth++], at, (size_t)(colon - at)))
            return refuse(err, text, size, LABEL_RULE);
    }
    if (at < end && !take_label(name->label, at, (size_t)(end - at)))
        return refuse(err, text, size, LABEL_RULE);
    return text_size(name) <= NAME_TEXT_MAX ? 0 : refuse(err, text, size, "longer than 1024 bytes");
}

int name_parse(struct name *name, const char *text, struct error *err)
{
    return parse(name, text, strlen(text), err);
}

int name_parse_bytes(struct name *name, struct wire_bytes text, struct error *err)
{
    return parse(name, (const char *)text.data, text.size, err);
}

size_t name_print(const struct name *name, char text[static NAME_TEXT_SIZE])
{
    size_t size = 0;
    text[0] = '\0';
    for (size_t i = 0; i < name->depth; i++)
        size += (size_t)snprintf(text + size, NAME_TEXT_SIZE - size, "%s:", name->path[i]);
    size += (size_t)snprintf(text + size, NAME_TEXT_SIZE - size, "%s%s", name->depth == 0 ? ":" : "",
                             name->label);
    return size;
}

bool name_is_label(const char *text)
{
    char label[NAME_LABEL_MAX + 1];
    return take_label(label, text, strlen(text));
}

int name_push(struct name *name, const char *label, struct error *err)
{
    struct name longer = *name;
    size_t size = strlen(label);
    if (longer.depth == NAME_DEPTH_MAX)
        return refuse(err, label, size, "more than 16 labels deep");
    if (!take_label(longer.path[longer.depth++], label, size))
        return refuse(err, label, size, LABEL_RULE);
    if (text_size(&longer) > NAME_TEXT_MAX)
        return refuse(err, label, size, "the name would be longer than 1024 bytes");
    *name = longer;
    return 0;
}

int name_set_label(struct name *name, const char *label, struct error *err)
{
    struct name longer = *name;
    size_t size = strlen(label);
    if (!take_label(longer.label, label, size))
        return refuse(err, label, size, LABEL_RULE);
    if (text_size(&longer) > NAME_TEXT_MAX)
        return refuse(err, label, size, "the name would be longer than 1024 bytes");
    *name = longer;
    return 0;
}

bool name_has_label(const struct name *name)
{
    return name->label[0] != '\0';
}

bool name_is_root(const struct name *name)
{
    return name->depth == 0 && !name_has_label(name);
}

bool name_parent(const struct name *name, struct name *parent)
{
    if (name_is_root(name))
        return false;
    *parent = *name;
    if (name_has_label(name))
        parent->label[0] = '\0';
    else
        parent->depth--;
    return true;
}

bool name_is_within(const struct name *name, const struct name *scope)
{
    if (name_has_label(scope))
        return name_compare(name, scope) == 0;
    if (name->depth < scope->depth)
        return false;
    for (size_t i = 0; i < scope->depth; i++)
        if (strcmp(name->path[i], scope->path[i]) != 0)
            return false;
    return true;
}

bool name_relative(const struct name *name, const struct name *scope, struct name *relative)
{
    if (!name_is_within(name, scope))
        return false;
    struct name result = *name;
    if (!name_has_label(scope)) {
        result.depth = name->depth - scope->depth;
        memmove(result.path[0], name->path[scope->depth], result.depth * sizeof result.path[0]);
    }
    *relative = result;
    return true;
}

bool name_absolute(const struct name *relative, const struct name *scope, struct name *name)
{
    struct name result = *relative;
    if (!name_has_label(scope)) {
        if (relative->depth > NAME_DEPTH_MAX - scope->depth)
            return false;
        result.depth = scope->depth + relative->depth;
        memcpy(result.path[0], scope->path[0], scope->depth * sizeof result.path[0]);
        memcpy(result.path[scope->depth], relative->path[0], relative->depth * sizeof result.path[0]);
    }
    if (text_size(&result) > NAME_TEXT_MAX)
        return false;
    *name = result;
    return true;
}

int name_compare(const struct name *a, const struct name *b)
{
    for (size_t i = 0; i < a->depth && i < b->depth; i++) {
        int order = strcmp(a->path[i], b->path[i]);
        if (order != 0)
            return order;
    }
    if (a->depth != b->depth)
        return a->depth < b->depth ? -1 : 1;
    return strcmp(a->label, b->label);
}
