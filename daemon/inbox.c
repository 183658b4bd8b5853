/* inbox.c: frames from a peer; see inbox.h. */
#define _GNU_SOURCE
#include "inbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"

#define INBOX_PIECE 65536
#define INBOX_TURNS 8

void inbox_open(struct inbox *inbox, int directory)
{
    *inbox = (struct inbox){.directory = directory, .spool = -1};
}

void inbox_clear(struct inbox *inbox)
{
    if (inbox->map != NULL)
        munmap(inbox->map, inbox->size);
    inbox->map = NULL;
    fd_close(&inbox->spool);
    buffer_free(&inbox->buffer);
    inbox->header_have = 0;
    inbox->size = 0;
    inbox->have = 0;
}

static int begin_frame(struct inbox *inbox, size_t limit, struct error *err)
{
    const uint8_t *h = inbox->header;
    uint32_t size = (uint32_t)h[0] << 24 | (uint32_t)h[1] << 16 | (uint32_t)h[2] << 8 | h[3];
    if (size > INT32_MAX)
        return error_set(err, EBADMSG, "receive", "frame", "its length is negative");
    if (size > limit)
        return error_set(err, EMSGSIZE, "receive", "frame", "%u bytes are more than the %zu allowed", size,
                         limit);
    inbox->size = size;
    if (size <= INBOX_MEMORY)
        return 0;
    inbox->spool = openat(inbox->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return inbox->spool < 0 ? error_set(err, errno, "receive", "frame", NULL) : 0;
}

/* Puts bytes where the frame is gathered. */
static int gather(struct inbox *inbox, const uint8_t *data, size_t size, struct error *err)
{
    int result = inbox->spool >= 0 ? fd_write_all(inbox->spool, data, size)
                                   : buffer_append(&inbox->buffer, data, size);
    if (result < 0)
        return error_set(err, -result, "receive", "frame", NULL);
    inbox->have += size;
    return 0;
}

static int finish_frame(struct inbox *inbox, struct error *err)
{
    if (inbox->spool < 0)
        return 1;
    void *map = mmap(NULL, inbox->size, PROT_READ, MAP_PRIVATE, inbox->spool, 0);
    if (map == MAP_FAILED)
        return error_set(err, errno, "receive", "frame", NULL);
    inbox->map = map;
    return 1;
}

static ssize_t read_some(int fd, void *to, size_t size)
{
    ssize_t n;
    do
        n = read(fd, to, size);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

int inbox_read(struct inbox *inbox, int fd, size_t limit, struct error *err)
{
    static uint8_t piece[INBOX_PIECE];
    for (int turn = 0; turn < INBOX_TURNS; turn++) {
        bool in_header = inbox->header_have < sizeof inbox->header;
        size_t left = in_header ? sizeof inbox->header - inbox->header_have : inbox->size - inbox->have;
        ssize_t n = read_some(fd, piece, left < sizeof piece ? left : sizeof piece);
        if (n == -EAGAIN)
            return 0;
        if (n == 0)
            return inbox->header_have == 0 ? -ENODATA : -ECONNRESET;
        if (n < 0)
            return (int)n;
        int result = 0;
        if (in_header) {
            memcpy(inbox->header + inbox->header_have, piece, (size_t)n);
            inbox->header_have += (size_t)n;
            if (inbox->header_have == sizeof inbox->header)
                result = begin_frame(inbox, limit, err);
        } else {
            result = gather(inbox, piece, (size_t)n, err);
        }
        if (result < 0)
            return result;
        if (inbox->header_have == sizeof inbox->header && inbox->have == inbox->size)
            return finish_frame(inbox, err);
    }
    return 0;
}

struct wire_bytes inbox_frame(const struct inbox *inbox)
{
    return (struct wire_bytes){inbox->map != NULL ? inbox->map : inbox->buffer.data, inbox->size};
}
