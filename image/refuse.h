/*
 * refuse.h: how the readers say why.
 *
 * Without a libc there is no printf: a sentence is a constant, and its detail is a list of words and
 * numbers written by image_refuse().
 */
#ifndef IMAGE_REFUSE_H
#define IMAGE_REFUSE_H

#include <errno.h>
#include <stdint.h>

struct image_error;

/* Fills ERR with an empty detail and returns -CODE. */
int image_refuse(struct image_error *err, int code, const char *why);

/* The same with the detail "WHAT 0xNUMBER" (addresses, types) or "WHAT NUMBER" (counts, sizes). */
int image_refuse_hex(struct image_error *err, int code, const char *why, const char *what, uint64_t number);
int image_refuse_count(struct image_error *err, int code, const char *why, const char *what, uint64_t number);

/* The same with the detail "WHAT 'NAME'"; bytes of NAME that are not printable become '?'. */
int image_refuse_name(struct image_error *err, int code, const char *why, const char *what, const char *name);

#endif
