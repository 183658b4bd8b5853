/* image.c: the image store; see image.h. */
#define _GNU_SOURCE
#include "image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "host/path.h"

#define TEMPORARY_PREFIX ".upload-"

static int image_failure(struct error *err, int code, const char *what)
{
    int result = error_set(err, code, what, "image", NULL);
    if (code == ENOSPC || code == EDQUOT)
        error_hint(err, "make room on the disk of the state directory");
    return result;
}

static void remove_leftovers(int directory)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    if (list == NULL) {
        fd_close(&fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;)
        if (strncmp(entry->d_name, TEMPORARY_PREFIX, sizeof TEMPORARY_PREFIX - 1) == 0)
            unlinkat(directory, entry->d_name, 0);
    closedir(list);
}

int image_directory(const char *state_dir, struct error *err)
{
    char path[PATH_MAX];
    int result = path_join(path, state_dir, "images", err);
    if (result == 0)
        result = path_make_directory(path, err);
    if (result < 0)
        return result;
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (directory < 0)
        return error_set(err, errno, "open image store", path, NULL);
    remove_leftovers(directory);
    return directory;
}

int image_upload_begin(struct image_upload *upload, int directory, uint64_t limit, uint64_t expected,
                       struct error *err)
{
    static unsigned counter;
    *upload = (struct image_upload){.limit = limit};
    sha256_init(&upload->hash);
    upload->fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (upload->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        snprintf(upload->temporary, sizeof upload->temporary, TEMPORARY_PREFIX "%u", counter++);
        upload->fd = openat(directory, upload->temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    }
    if (upload->fd < 0)
        return image_failure(err, errno, "receive");
    if (expected > 0 && fallocate(upload->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)expected) < 0 &&
        errno != EOPNOTSUPP) {
        int failure = errno;
        image_upload_end(upload, directory);
        return image_failure(err, failure, "receive");
    }
    return 0;
}

int image_upload_write(struct image_upload *upload, const void *data, size_t size, struct error *err)
{
    if (size > upload->limit - upload->size)
        return error_set(err, EFBIG, "receive", "image",
                         "it is longer than the %llu bytes announced or allowed",
                         (unsigned long long)upload->limit);
    int result = fd_write_all(upload->fd, data, size);
    if (result < 0)
        return image_failure(err, -result, "receive");
    sha256_update(&upload->hash, size, data);
    upload->size += size;
    return 0;
}

void image_upload_flush(const struct image_upload *upload)
{
    sync_file_range(upload->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

void image_upload_digest(struct image_upload *upload, uint8_t digest[static STORE_DIGEST_SIZE])
{
    sha256_digest(&upload->hash, STORE_DIGEST_SIZE, digest);
}

int image_upload_rehash(struct image_upload *upload, struct error *err)
{
    static uint8_t piece[65536];
    sha256_init(&upload->hash);
    upload->size = 0;
    for (;;) {
        ssize_t n = pread(upload->fd, piece, sizeof piece, (off_t)upload->size);
        if (n < 0 && errno != EINTR)
            return image_failure(err, errno, "read");
        if (n == 0)
            return 0;
        if (n > 0) {
            sha256_update(&upload->hash, (size_t)n, piece);
            upload->size += (uint64_t)n;
        }
    }
}

void image_hex(const uint8_t digest[static STORE_DIGEST_SIZE], char hex[static 65])
{
    for (size_t i = 0; i < STORE_DIGEST_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static int give_name(const struct image_upload *upload, int directory, const char *hex)
{
    char self[64];
    if (upload->temporary[0] != '\0')
        return linkat(directory, upload->temporary, directory, hex, 0);
    snprintf(self, sizeof self, "/proc/self/fd/%d", upload->fd);
    return linkat(AT_FDCWD, self, directory, hex, AT_SYMLINK_FOLLOW);
}

int image_upload_keep(struct image_upload *upload, int directory,
                      const uint8_t digest[static STORE_DIGEST_SIZE], struct error *err)
{
    char hex[65];
    image_hex(digest, hex);
    if (faccessat(directory, hex, F_OK, 0) == 0)
        return 0;
    /* Data first, then the name: a name never stands for less than the whole image. */
    if (fchmod(upload->fd, 0400) < 0 || fdatasync(upload->fd) < 0)
        return image_failure(err, errno, "store");
    if (give_name(upload, directory, hex) < 0 && errno != EEXIST)
        return image_failure(err, errno, "store");
    return fsync(directory) < 0 ? image_failure(err, errno, "store") : 0;
}

void image_upload_end(struct image_upload *upload, int directory)
{
    if (upload->fd >= 0 && upload->temporary[0] != '\0')
        unlinkat(directory, upload->temporary, 0);
    upload->temporary[0] = '\0';
    fd_close(&upload->fd);
}

int image_upload_reopen(const struct image_upload *upload, struct error *err)
{
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", upload->fd);
    int fd = open(self, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? image_failure(err, errno, "read") : fd;
}

int image_open(int directory, const uint8_t digest[static STORE_DIGEST_SIZE], struct error *err)
{
    char hex[65];
    image_hex(digest, hex);
    int fd = openat(directory, hex, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? error_set(err, errno, "open image", hex, NULL) : fd;
}

int image_remove(int directory, const uint8_t digest[static STORE_DIGEST_SIZE], struct error *err)
{
    char hex[65];
    image_hex(digest, hex);
    if (unlinkat(directory, hex, 0) < 0 && errno != ENOENT)
        return error_set(err, errno, "remove image", hex, NULL);
    return 0;
}
