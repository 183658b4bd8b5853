/*
 * name.h: names of unikernels, volumes and paths (Albatross protocol facts, section 5).
 *
 * "path:label": the labels before the last colon are the path, what follows it is the label, and nothing
 * after it means the path itself. ":" is the root, ":hello" (or "hello") stands at the root, "foo:bar:" is a
 * path. A name becomes part of file names, so that the labels "." and "..", which Albatross takes, are
 * refused, and depth and length have limits, which Albatross has not.
 */
#ifndef WIRE_NAME_H
#define WIRE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/codec.h"

struct error;

#define NAME_DEPTH_MAX 16   /* labels of a path */
#define NAME_LABEL_MAX 63   /* bytes */
#define NAME_TEXT_MAX  1024 /* bytes of the text */
#define NAME_TEXT_SIZE (NAME_TEXT_MAX + 1)

/* Zeroed, it is the root. Labels are lower case and end with a NUL. */
struct name {
    size_t depth; /* labels of the path in use */
    char path[NAME_DEPTH_MAX][NAME_LABEL_MAX + 1];
    char label[NAME_LABEL_MAX + 1]; /* "": the name is a path */
};

/* Reads TEXT; capitals become small. 0, or -EINVAL with ERR, which quotes the text. */
int name_parse(struct name *name, const char *text, struct error *err);

/* The same for a text of the wire. */
int name_parse_bytes(struct name *name, struct wire_bytes text, struct error *err);

/* Writes the text, always with a colon (":hello", "foo:hello", "foo:"); its length. */
size_t name_print(const struct name *name, char text[static NAME_TEXT_SIZE]);

/* Whether TEXT can be a label: 1 to 63 letters, digits, '-' and '.', not first a '-', not "." or "..". */
bool name_is_label(const char *text);

/* Puts LABEL behind the path, or makes it the name's own label. 0, or -EINVAL with ERR: no label, or over a
 * limit; NAME is then as it was. */
int name_push(struct name *name, const char *label, struct error *err);
int name_set_label(struct name *name, const char *label, struct error *err);

bool name_has_label(const struct name *name);
bool name_is_root(const struct name *name);

/* The path that NAME stands in; of a path, the path above. False: NAME is the root, which has none. */
bool name_parent(const struct name *name, struct name *parent);

/* Whether NAME is at or below SCOPE: a path holds everything that begins with it, a full name only itself. */
bool name_is_within(const struct name *name, const struct name *scope);

/* NAME as an answer to a question about SCOPE says it: without SCOPE's path; a full name stays whole (section
 * 5). False: it is not within. NAME and RELATIVE may be the same. */
bool name_relative(const struct name *name, const struct name *scope, struct name *relative);

/* The inverse: RELATIVE, as the answer says it, below the path of SCOPE. False: over a limit. */
bool name_absolute(const struct name *relative, const struct name *scope, struct name *name);

/* An order: path by path, label by label; a path stands before what is in it. 0: the same name. */
int name_compare(const struct name *a, const struct name *b);

#endif
