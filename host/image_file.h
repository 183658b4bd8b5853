/*
 * image_file.h: reads a unikernel image through a descriptor.
 *
 * The reader itself (image/image.h) knows no descriptors and no struct error; every hosted program that
 * looks at an image comes through here, so that they all say the same about a bad one.
 */
#ifndef HOST_IMAGE_FILE_H
#define HOST_IMAGE_FILE_H

#include "image/image.h"

struct error;

/*
 * Reads and checks the image behind FD (a regular file, readable; its file position is neither used nor
 * moved). NAME is what error texts call it. Returns 0 with *IMAGE filled, or -errno with ERR filled:
 * -ENOEXEC for a file that is no valid image.
 */
int image_file_read(int fd, const char *name, struct image *image, struct error *err);

/* image_check_memory() with struct error. */
int image_file_check_memory(const struct image *image, const char *name, uint64_t memory_bytes,
                            struct error *err);

/*
 * Copies the licence text that IMAGE (read from FD) carries to TEXT, at most SIZE - 1 bytes and a NUL.
 * Bytes that are not printable, newlines excepted, become '?'. Returns the text's length or -errno.
 */
int image_file_licenses(int fd, const char *name, const struct image *image, char *text, size_t size,
                        struct error *err);

#endif
