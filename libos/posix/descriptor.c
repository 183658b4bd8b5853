/* descriptor.c: the calls about a descriptor, whatever it stands for. */
#include "libos/posix/call.h"
#include "libos/posix/file.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define SETTABLE (O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME)

/* Tells about an open file. */
POSIX_CALL(fstat, int fd, struct stat *status)
{
    struct file *file = fd_file(fd);

    if (!file)
        return -EBADF;
    memset(status, 0, sizeof *status);
    return file->ops->stat ? file->ops->stat(file, status) : 0;
}

/* Another descriptor of the same file. */
POSIX_CALL(dup, int fd)
{
    struct file *file = fd_file(fd);

    return file ? fd_install(file_hold(file), 0, false) : -EBADF;
}

/* Another descriptor of the same file, in the place of NEW. */
POSIX_CALL(dup3, int fd, int new, int flags)
{
    struct file *file = fd_file(fd);

    if (!file || fd == new)
        return file ? -EINVAL : -EBADF;
    return fd_replace(file_hold(file), new, flags & O_CLOEXEC);
}

/* Another descriptor of the same file, in the place of NEW. */
POSIX_CALL(dup2, int fd, int new)
{
    if (fd == new)
        return fd_file(fd) ? fd : -EBADF;
    return posix_call_dup3(fd, new, 0);
}

/* Partial: copies, flags and status; there is one process, so that locks are always granted. */
POSIX_CALL(fcntl, int fd, int command, unsigned long argument)
{
    struct file *file = fd_file(fd);

    if (!file)
        return -EBADF;
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return argument >= FD_MAX ? -EINVAL
                                  : fd_install(file_hold(file), (int)argument, command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return fd_close_on_exec(fd) ? FD_CLOEXEC : 0;
    case F_SETFD:
        fd_set_close_on_exec(fd, argument & FD_CLOEXEC);
        return 0;
    case F_GETFL:
        return file->flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC);
    case F_SETFL:
        file->flags = (file->flags & ~SETTABLE) | ((int)argument & SETTABLE);
        return 0;
    case F_GETLK:
        ((struct flock *)argument)->l_type = F_UNLCK;
        return 0;
    case F_SETLK:
    case F_SETLKW:
        return 0;
    default:
        return -EINVAL;
    }
}

/* There is one process: the lock is granted. */
POSIX_CALL(flock, int fd, int operation)
{
    (void)operation;
    return fd_file(fd) ? 0 : -EBADF;
}

/* Reads at a position. */
POSIX_CALL(pread64, int fd, void *data, size_t size, off_t offset)
{
    struct file *file = fd_file(fd);

    if (!file || (file->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    if (offset < 0)
        return -EINVAL;
    return file->ops->read_at ? file->ops->read_at(file, data, size < SSIZE_MAX ? size : SSIZE_MAX, offset)
                              : -ESPIPE;
}

/* Writes at a position. */
POSIX_CALL(pwrite64, int fd, const void *data, size_t size, off_t offset)
{
    struct file *file = fd_file(fd);

    if (!file || (file->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (offset < 0)
        return -EINVAL;
    return file->ops->write_at ? file->ops->write_at(file, data, size < SSIZE_MAX ? size : SSIZE_MAX, offset)
                               : -ESPIPE;
}

/* Reads into several buffers at a position. */
POSIX_CALL(preadv, int fd, const struct iovec *parts, int count, off_t offset)
{
    long total = 0;

    for (int i = 0; i < count; i++) {
        long n = posix_call_pread64(fd, parts[i].iov_base, parts[i].iov_len, offset + total);
        if (n < 0)
            return total > 0 ? total : n;
        total += n;
        if ((size_t)n < parts[i].iov_len)
            break;
    }
    return total;
}

/* Writes several buffers at a position. */
POSIX_CALL(pwritev, int fd, const struct iovec *parts, int count, off_t offset)
{
    long total = 0;

    for (int i = 0; i < count; i++) {
        long n = posix_call_pwrite64(fd, parts[i].iov_base, parts[i].iov_len, offset + total);
        if (n < 0)
            return total > 0 ? total : n;
        total += n;
        if ((size_t)n < parts[i].iov_len)
            break;
    }
    return total;
}

/* Sets the size of an open file. */
POSIX_CALL(ftruncate, int fd, off_t size)
{
    struct file *file = fd_file(fd);

    if (!file)
        return -EBADF;
    if (size < 0 || !file->ops->truncate || (file->flags & O_ACCMODE) == O_RDONLY)
        return -EINVAL;
    return file->ops->truncate(file, size);
}

/* What was written survives, where the file system keeps anything. */
POSIX_CALL(fsync, int fd)
{
    struct file *file = fd_file(fd);

    if (!file)
        return -EBADF;
    return file->ops->sync ? file->ops->sync(file) : -EINVAL;
}

/* As fsync. */
POSIX_CALL(fdatasync, int fd)
{
    return posix_call_fsync(fd);
}

/* Advice is not needed. */
POSIX_CALL(fadvise64, int fd, off_t offset, off_t size, int advice)
{
    (void)offset, (void)size, (void)advice;
    return fd_file(fd) ? 0 : -EBADF;
}
