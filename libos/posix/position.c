/* position.c: see position.h. */
#include "libos/posix/position.h"

#include <errno.h>
#include <unistd.h>

ssize_t position_read(struct file *file, off_t *position, void *data, size_t size)
{
    ssize_t n = file->ops->read_at(file, data, size, *position);

    if (n > 0)
        *position += n;
    return n;
}

ssize_t position_write(struct file *file, off_t *position, const void *data, size_t size)
{
    ssize_t n = file->ops->write_at(file, data, size, *position);

    if (n > 0)
        *position += n;
    return n;
}

off_t position_seek(off_t *position, uint64_t size_bytes, off_t offset, int whence)
{
    off_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? *position : (off_t)size_bytes;
    off_t to;

    if ((whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END) ||
        __builtin_add_overflow(from, offset, &to) || to < 0)
        return -EINVAL;
    *position = to;
    return to;
}
