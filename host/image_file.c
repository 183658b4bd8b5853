/* image_file.c: images behind descriptors; see image_file.h. */
#define _GNU_SOURCE
#include "host/image_file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/error.h"

static int read_at(void *context, uint64_t offset, void *to, size_t size)
{
    const int *fd = context;
    char *next = to;
    while (size > 0) {
        ssize_t got = pread(*fd, next, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -EIO;
        next += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return 0;
}

static int source_open(struct image_source *source, int *fd, const char *name, struct error *err)
{
    struct stat status;
    if (fstat(*fd, &status) != 0)
        return error_set(err, errno, "cannot read the image", name, NULL);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ENOEXEC, "not a unikernel image", name, "it is not a regular file");
    *source = (struct image_source){read_at, fd, (uint64_t)status.st_size};
    return 0;
}

static int refused(const struct image_error *why, const char *name, struct error *err)
{
    const char *what =
        why->code == ENOMEM ? "not enough memory for the image" : "not a valid unikernel image";
    if (why->detail[0] == '\0')
        return error_set(err, why->code, what, name, "%s", why->why);
    return error_set(err, why->code, what, name, "%s (%s)", why->why, why->detail);
}

int image_file_read(int fd, const char *name, struct image *image, struct error *err)
{
    struct image_source source;
    struct image_error why;
    int result = source_open(&source, &fd, name, err);
    if (result != 0)
        return result;
    return image_read(image, &source, &why) == 0 ? 0 : refused(&why, name, err);
}

int image_file_check_memory(const struct image *image, const char *name, uint64_t memory_bytes,
                            struct error *err)
{
    struct image_error why;
    return image_check_memory(image, memory_bytes, &why) == 0 ? 0 : refused(&why, name, err);
}

int image_file_licenses(int fd, const char *name, const struct image *image, char *text, size_t size,
                        struct error *err)
{
    struct image_source source;
    struct image_error why;
    size_t length = image->bivy.license_text.size;
    int result = source_open(&source, &fd, name, err);
    if (result != 0)
        return result;
    if (length > size - 1)
        length = size - 1;
    if (image_source_read(&source, image->bivy.license_text.offset, text, length, &why) != 0)
        return refused(&why, name, err);
    for (size_t i = 0; i < length; i++)
        if ((text[i] < ' ' || text[i] > '~') && text[i] != '\n')
            text[i] = '?';
    text[length] = '\0';
    return (int)length;
}
