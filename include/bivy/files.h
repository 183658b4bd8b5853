/*
 * files.h: the read-only files that were built into the image from the project's folder root/.
 *
 * They are part of the image's read-only segment: mapped from the image file by the tender, shared by all
 * instances, never copied. The table is sorted by path.
 */
#ifndef BIVY_FILES_H
#define BIVY_FILES_H

#include <stddef.h>
#include <stdint.h>

struct files_entry {
    const char *path;     /* relative to root/, "css/site.css"; NUL-terminated, no leading slash */
    const uint8_t *data;  /* the file's bytes */
    uint64_t size_bytes;  /* of data */
    uint64_t fingerprint; /* of the contents: equal contents have equal ones; made when building */
};

/* The file whose path is the LENGTH bytes at PATH, exactly; NULL: there is none. */
const struct files_entry *files_find(const char *path, size_t length);

/* How many files there are, and the one at INDEX (below that) in the order of their paths. */
size_t files_count(void);
const struct files_entry *files_at(size_t index);

#endif
