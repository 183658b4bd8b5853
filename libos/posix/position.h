/* position.h: reading and writing at a file's own position, for files that can be read and written at any. */
#ifndef LIBOS_POSIX_POSITION_H
#define LIBOS_POSIX_POSITION_H

#include "libos/posix/file.h"

/* Reads or writes by FILE's read_at() or write_at() at *POSITION, and moves it by what was done. */
ssize_t position_read(struct file *file, off_t *position, void *data, size_t size);
ssize_t position_write(struct file *file, off_t *position, const void *data, size_t size);

/* Moves *POSITION as lseek() does in a file of SIZE_BYTES; the new one, or -EINVAL. */
off_t position_seek(off_t *position, uint64_t size_bytes, off_t offset, int whence);

#endif
