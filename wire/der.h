/*
 * der.h: tags, lengths and integers of DER (X.690), read strictly and written backwards.
 *
 * A length stands before what it measures, so writing from the end to the beginning needs no second look at
 * the contents. A first run without memory only counts, and so says how much memory the second one needs.
 */
#ifndef WIRE_DER_H
#define WIRE_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A tag: class, constructed, number. */
#define DER_NUMBER_MAX  0x1fffffu
#define DER_CONSTRUCTED 0x20000000u
#define DER_CONTEXT(n)  (0x80000000u | DER_CONSTRUCTED | (n)) /* an EXPLICIT tag */
#define DER_INTEGER     0x02u

/* The integers of the protocol (Albatross protocol facts, section 2). */
#define DER_INTEGER_MAX ((INT64_C(1) << 62) - 1)
#define DER_INTEGER_MIN (-(INT64_C(1) << 62))

/* What of the input is not read yet; borrowed. */
struct der_reader {
    const uint8_t *data;
    size_t size;
};

struct der_item {
    uint32_t tag;
    const uint8_t *data; /* the contents; borrowed */
    size_t size;
};

/* Reads one item and steps over it. NULL, or why not; the reader is then where it was. */
const char *der_read(struct der_reader *reader, struct der_item *item);

/* Reads the contents of an INTEGER: minimal and within the protocol's range. NULL, or why not. */
const char *der_read_integer(const struct der_item *item, int64_t *value);

/* Writes towards the beginning of DATA; with DATA NULL it only counts. */
struct der_writer {
    uint8_t *data; /* borrowed */
    size_t capacity;
    size_t size; /* bytes written, the last of DATA */
    bool full;   /* something did not fit: what was written is of no use */
};

/* Where the bytes written last begin; not while counting. */
uint8_t *der_written(const struct der_writer *writer);

/* Puts SIZE bytes before what was written. */
void der_write(struct der_writer *writer, const void *data, size_t size);

/* Puts the header of an item with TAG and SIZE bytes of contents before what was written. */
void der_write_header(struct der_writer *writer, uint32_t tag, size_t size);

/* Puts the contents of an INTEGER before what was written. */
void der_write_integer(struct der_writer *writer, int64_t value);

#endif
