/*
 * console.c: standard input, output and error.
 *
 * What is written goes to the unikernel's console; nothing can be read: the input has ended. A line that the
 * streams hand over in two parts is put together, so that it is one message on the console.
 */
#include "libos/posix/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define JOINED_MAX 512 /* bytes of a line that are put together */

static ssize_t console_read(struct file *file, void *data, size_t size)
{
    (void)file, (void)data, (void)size;
    return 0;
}

static ssize_t console_write(struct file *file, const void *data, size_t size)
{
    (void)file;
    solo5_console_write(data, size);
    return (ssize_t)size;
}

static ssize_t console_writev(struct file *file, const struct iovec *parts, int count)
{
    char joined[JOINED_MAX];
    size_t used = 0, written = 0;

    for (int i = 0; i < count; i++) {
        size_t size = parts[i].iov_len;
        if (used + size > sizeof joined) {
            if (used > 0)
                console_write(file, joined, used);
            used = 0;
        }
        if (size <= sizeof joined) {
            memcpy(joined + used, parts[i].iov_base, size);
            used += size;
        } else {
            console_write(file, parts[i].iov_base, size);
        }
        written += size;
    }
    if (used > 0)
        console_write(file, joined, used);
    return (ssize_t)written;
}

static int console_stat(struct file *file, struct stat *status)
{
    (void)file;
    status->st_mode = S_IFCHR | 0620;
    status->st_nlink = 1;
    status->st_blksize = 1024;
    return 0;
}

/* That there is a size of a window, if an unknown one, says that this is a terminal: lines are shown at once.
 */
static int console_control(struct file *file, unsigned long request, void *argument)
{
    (void)file;
    if (request != TIOCGWINSZ)
        return -ENOTTY;
    memset(argument, 0, sizeof(struct winsize));
    return 0;
}

static const struct file_ops console_ops = {
    .read = console_read,
    .write = console_write,
    .writev = console_writev,
    .stat = console_stat,
    .control = console_control,
};

struct file console_file = {.ops = &console_ops, .references = 3, .flags = O_RDWR};
