/* io.c: reading, writing and closing descriptors: where a program waits for a file. */
#include "libos/kernel/sched.h"
#include "libos/posix/call.h"
#include "libos/posix/file.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

static bool may(const struct file *file, int mode)
{
    int access = file->flags & O_ACCMODE;

    return !(file->flags & O_PATH) && (access == mode || access == O_RDWR);
}

static ssize_t file_read(struct file *file, void *data, size_t size)
{
    ssize_t n;

    if (!may(file, O_RDONLY) || !file->ops->read)
        return -EBADF;
    while ((n = file->ops->read(file, data, size)) == -EAGAIN && file_blocks(file))
        file_wait(file, "read", SCHED_NEVER);
    return n;
}

/* Writes all, as a blocking descriptor must, or as much as goes without waiting. */
static ssize_t file_write(struct file *file, const void *data, size_t size)
{
    size_t done = 0;

    if (!may(file, O_WRONLY) || !file->ops->write)
        return -EBADF;
    for (;;) {
        ssize_t n = file->ops->write(file, (const char *)data + done, size - done);
        if (n >= 0)
            done += (size_t)n;
        if (done >= size || (n < 0 && n != -EAGAIN) || (n >= 0 && !file_blocks(file)))
            return done > 0 || n >= 0 ? (ssize_t)done : n;
        if (n == -EAGAIN) {
            if (!file_blocks(file))
                return done > 0 ? (ssize_t)done : n;
            file_wait(file, "write", SCHED_NEVER);
        } else if (n == 0) {
            return (ssize_t)done;
        }
    }
}

/* Reads from a file. */
POSIX_CALL(read, int fd, void *data, size_t size)
{
    struct file *file = fd_file(fd);
    ssize_t n;

    if (!file)
        return -EBADF;
    file_hold(file);
    n = file_read(file, data, size < SSIZE_MAX ? size : SSIZE_MAX);
    file_release(file);
    return n;
}

/* Writes to a file. */
POSIX_CALL(write, int fd, const void *data, size_t size)
{
    struct file *file = fd_file(fd);
    ssize_t n;

    if (!file)
        return -EBADF;
    file_hold(file);
    n = file_write(file, data, size < SSIZE_MAX ? size : SSIZE_MAX);
    file_release(file);
    return n;
}

/* Reads into several buffers; what follows a short read is left. */
POSIX_CALL(readv, int fd, const struct iovec *parts, int count)
{
    ssize_t total = 0;

    if (count < 0 || count > IOV_MAX)
        return -EINVAL;
    for (int i = 0; i < count; i++) {
        ssize_t n;
        if (parts[i].iov_len == 0)
            continue;
        n = posix_call_read(fd, parts[i].iov_base, parts[i].iov_len);
        if (n < 0)
            return total > 0 ? total : n;
        total += n;
        if ((size_t)n < parts[i].iov_len)
            break;
    }
    return total;
}

/* Writes several buffers. */
POSIX_CALL(writev, int fd, const struct iovec *parts, int count)
{
    struct file *file = fd_file(fd);
    ssize_t total = 0;

    if (!file)
        return -EBADF;
    if (count < 0 || count > IOV_MAX)
        return -EINVAL;
    if (file->ops->writev && may(file, O_WRONLY))
        return file->ops->writev(file, parts, count);
    for (int i = 0; i < count; i++) {
        ssize_t n = posix_call_write(fd, parts[i].iov_base, parts[i].iov_len);
        if (n < 0)
            return total > 0 ? total : n;
        total += n;
        if ((size_t)n < parts[i].iov_len)
            break;
    }
    return total;
}

/* Closes a descriptor. */
POSIX_CALL(close, int fd)
{
    return fd_close(fd);
}

/* Sets the position in a file. */
POSIX_CALL(lseek, int fd, off_t offset, int whence)
{
    struct file *file = fd_file(fd);

    if (!file)
        return -EBADF;
    return file->ops->seek ? file->ops->seek(file, offset, whence) : -ESPIPE;
}

/* Asks a device; a file of each kind answers what it knows. */
POSIX_CALL(ioctl, int fd, unsigned long request, void *argument)
{
    struct file *file = fd_file(fd);

    if (!file)
        return -EBADF;
    if (request == FIONBIO) {
        file->flags = (file->flags & ~O_NONBLOCK) | (*(int *)argument ? O_NONBLOCK : 0);
        return 0;
    }
    return file->ops->control ? file->ops->control(file, request, argument) : -ENOTTY;
}
