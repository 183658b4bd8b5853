/*
 * stdio.c: where musl's streams meet the console.
 *
 * Standard output is line-buffered, standard error is not buffered, and neither can be read, sought or
 * closed. There is no standard input, so that getchar() and its kin fail when linking.
 */
#include "libos/libc/license.h"

#include "stdio_impl.h"

#include <errno.h>
#include <solo5.h>

size_t __stdio_write(FILE *file, const unsigned char *data, size_t size)
{
    /* The end of a line joins what is buffered: a line is one write, and one message on the console. */
    size_t buffered = (size_t)(file->wpos - file->wbase), joined = 0;

    if (buffered > 0) {
        while (joined < size && buffered < file->buf_size)
            file->wbase[buffered++] = data[joined++];
        solo5_console_write((const char *)file->wbase, buffered);
    }
    if (size > joined)
        solo5_console_write((const char *)data + joined, size - joined);
    file->wend = file->buf + file->buf_size;
    file->wpos = file->wbase = file->buf;
    return size;
}

size_t __stdout_write(FILE *file, const unsigned char *data, size_t size)
{
    file->write = __stdio_write;
    return __stdio_write(file, data, size);
}

off_t __stdio_seek(FILE *file, off_t offset, int whence)
{
    (void)file, (void)offset, (void)whence;
    errno = ESPIPE;
    return -1;
}

int __stdio_close(FILE *file)
{
    (void)file;
    return 0;
}

/* One thread: what musl would lock is never shared. */
int __lockfile(FILE *file)
{
    (void)file;
    return 0;
}

void __unlockfile(FILE *file)
{
    (void)file;
}
