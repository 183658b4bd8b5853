/* exits.c: how children ended, on file; see exits.h. */
#define _GNU_SOURCE
#include "exits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "protocol.h"

static void read_boot_id(char id[static 40])
{
    memset(id, 0, 40);
    cleanup_fd int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fd_read_all(fd, id, 36) != 36)
        memset(id, 0, 40);
}

int exits_format(int fd, struct error *err)
{
    struct keep_exits_header header = {
        .magic = KEEP_EXITS_MAGIC, .version = KEEP_VERSION, .record_size = sizeof(struct keep_child)};
    read_boot_id(header.boot_id);
    if (ftruncate(fd, 0) < 0 || pwrite(fd, &header, sizeof header, 0) != (ssize_t)sizeof header)
        return error_set(err, errno, "prepare the record of exits", NULL, NULL);
    return 0;
}

int exits_append(int fd, const struct keep_child *child)
{
    off_t end = lseek(fd, 0, SEEK_END);
    if (end < 0)
        return -errno;
    return pwrite(fd, child, sizeof *child, end) == (ssize_t)sizeof *child ? 0 : -EIO;
}

int exits_clear(int fd)
{
    return ftruncate(fd, (off_t)sizeof(struct keep_exits_header)) < 0 ? -errno : 0;
}

int exits_read(int fd, exits_function *function, void *context)
{
    struct keep_exits_header header;
    struct keep_child child;
    char boot_id[40];
    if (pread(fd, &header, sizeof header, 0) != (ssize_t)sizeof header)
        return -ENODATA;
    read_boot_id(boot_id);
    if (header.magic != KEEP_EXITS_MAGIC || header.version != KEEP_VERSION ||
        header.record_size != sizeof child || memcmp(header.boot_id, boot_id, sizeof boot_id) != 0)
        return -ESTALE;
    off_t at = (off_t)sizeof header;
    while (pread(fd, &child, sizeof child, at) == (ssize_t)sizeof child) {
        child.name[KEEP_NAME_SIZE - 1] = '\0';
        function(context, &child);
        at += (off_t)sizeof child;
    }
    return 0;
}
