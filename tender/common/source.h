/* source.h: the image behind a descriptor, for programs without libc. */
#ifndef TENDER_COMMON_SOURCE_H
#define TENDER_COMMON_SOURCE_H

#include "image/image.h"

struct message;

/*
 * Opens KERNEL (a path, or @FD of an inherited descriptor), which must be a regular file. Fills SOURCE,
 * which reads through *FD: FD must live as long as SOURCE. 0, or a negative errno with MESSAGE filled.
 */
int source_open(struct image_source *source, int *fd, const char *kernel, struct message *message);

/* Turns why KERNEL is refused into MESSAGE; returns -why->code. */
int source_refused(const struct image_error *why, const char *kernel, struct message *message);

#endif
