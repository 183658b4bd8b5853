/* source.c: see source.h. */
#define _GNU_SOURCE
#include "tender/common/source.h"

#include <errno.h>
#include <linux/stat.h>

#include "tender/common/message.h"
#include "tender/common/options.h"
#include "tender/common/system.h"

#define FILE_TYPE    0170000
#define REGULAR_FILE 0100000

/* The file's beginning, read once: headers and notes stand there, and are looked at in some twenty pieces. */
static struct {
    const int *fd; /* whose */
    size_t size;   /* bytes in use */
    char bytes[2048];
} head;

static void head_read(const int *fd)
{
    long got = system_pread(*fd, head.bytes, sizeof head.bytes, 0);
    head.fd = fd;
    head.size = got > 0 ? (size_t)got : 0;
}

static int read_at(void *context, uint64_t offset, void *to, size_t size)
{
    const int *fd = context;
    char *next = to;
    if (fd == head.fd && offset <= head.size && size <= head.size - offset) {
        __builtin_memcpy(to, head.bytes + offset, size);
        return 0;
    }
    while (size > 0) {
        long got = system_pread(*fd, next, size, offset);
        if (got == -EINTR)
            continue;
        if (got <= 0)
            return -EIO;
        next += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return 0;
}

int source_open(struct image_source *source, int *fd, const char *kernel, struct message *message)
{
    if (options_parse_descriptor(kernel, fd) != 0)
        *fd = system_open(kernel, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return message_fail(message, *fd, "Could not open image", kernel);
    struct statx status;
    int result = system_statx(*fd, STATX_TYPE | STATX_SIZE, &status);
    if (result != 0)
        return message_fail(message, result, "Could not open image", kernel);
    if ((status.stx_mode & FILE_TYPE) != REGULAR_FILE)
        return message_say(message, -ENOEXEC, kernel, ": ", "the image is not a regular file");
    head_read(fd);
    *source = (struct image_source){read_at, fd, status.stx_size};
    return 0;
}

int source_refused(const struct image_error *why, const char *kernel, struct message *message)
{
    message_say(message, 0, kernel, ": ", why->why);
    if (why->detail[0] != '\0') {
        message_add(message, " (");
        message_add(message, why->detail);
        message_add(message, ")");
    }
    return -why->code;
}
