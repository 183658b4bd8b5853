/*
 * image.h: the image store: files named by the SHA-256 of what is in them.
 *
 * An image arrives in a file without a name, is hashed on the way, checked by a child that can do
 * nothing else (check.h), and only then gets its name, in one step and synced. A file that has a
 * name is read-only and never changes: running guests map it.
 */
#ifndef DAEMON_IMAGE_H
#define DAEMON_IMAGE_H

#include <nettle/sha2.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

struct error;

#define IMAGE_SIZE_MAX (256ull << 20) /* bytes of the largest image */

/* An image that arrives. */
struct image_upload {
    int fd;        /* readable and writable; -1: none */
    uint64_t size; /* bytes so far */
    uint64_t limit;
    struct sha256_ctx hash;
    char temporary[64]; /* its name where the file system knows no nameless files, else empty */
};

/* Opens the directory (created 0700) and removes what a crash left in it; its descriptor or -errno. */
int image_directory(const char *state_dir, struct error *err);

/* Begins an upload of at most LIMIT bytes, of which EXPECTED (0: not known) are made room for at once, so
 * that a full disk is noticed before the bytes travel. 0 or -errno. */
int image_upload_begin(struct image_upload *upload, int directory, uint64_t limit, uint64_t expected,
                       struct error *err);

/* Appends; -EFBIG over the limit, -ENOSPC, ... */
int image_upload_write(struct image_upload *upload, const void *data, size_t size, struct error *err);

/* Tells the disk to begin writing what was appended; waits for nothing and promises nothing. */
void image_upload_flush(const struct image_upload *upload);

/* The digest of all that was appended; nothing may be appended after. */
void image_upload_digest(struct image_upload *upload, uint8_t digest[static STORE_DIGEST_SIZE]);

/* Reads the file from its beginning and hashes it: for a file that another process wrote. */
int image_upload_rehash(struct image_upload *upload, struct error *err);

/* Gives the file its name, synced to disk; one of the same digest that is there already stays. */
int image_upload_keep(struct image_upload *upload, int directory,
                      const uint8_t digest[static STORE_DIGEST_SIZE], struct error *err);

/* Forgets the upload: a file that has no name is gone. */
void image_upload_end(struct image_upload *upload, int directory);

/* A read-only descriptor of the upload's file, for a child that must not change it. */
int image_upload_reopen(const struct image_upload *upload, struct error *err);

/* Opens a stored image for reading; -ENOENT. */
int image_open(int directory, const uint8_t digest[static STORE_DIGEST_SIZE], struct error *err);

/* Removes a stored image's file; one that is not there is fine. */
int image_remove(int directory, const uint8_t digest[static STORE_DIGEST_SIZE], struct error *err);

/* The digest in 64 hexadecimal digits and a NUL. */
void image_hex(const uint8_t digest[static STORE_DIGEST_SIZE], char hex[static 65]);

#endif
