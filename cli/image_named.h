/* image_named.h: an image that a command line names: a file, or one of the daemon's store. */
#ifndef CLI_IMAGE_NAMED_H
#define CLI_IMAGE_NAMED_H

#include <stdbool.h>
#include <stdint.h>

struct client;
struct error;

/* Where the image is, and what it says that the deployment follows. */
struct image_named {
    int fd; /* -1: the image is in the store */
    uint64_t size;
    uint8_t digest[32];
    uint64_t min_memory; /* bytes; 0: not known */
    bool takes_name;
};

/*
 * TEXT as a file if there is one of that name, or if it cannot be a digest: the error is then about the file;
 * else as a digest of the store. SOURCE->fd, where it is not -1, is the caller's to close, also after a
 * failure.
 */
int image_named_find(struct client *client, const char *text, struct image_named *source, struct error *err);

#endif
