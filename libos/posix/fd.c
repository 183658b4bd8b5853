/* fd.c: the table of descriptors, and the references to files. */
#include "libos/posix/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STEP 32

struct descriptor {
    struct file *file; /* NULL: free */
    bool close_on_exec;
};

/* The first ones stand here, so that a program with nothing but the console needs no memory for them. */
static struct descriptor first[8] = {{&console_file, false}, {&console_file, false}, {&console_file, false}};
static struct descriptor *table = first;
static int limit = sizeof first / sizeof *first;

void file_open(struct file *file, const struct file_ops *ops, int flags)
{
    file->ops = ops;
    file->waiters.first = NULL;
    file->references = 1;
    file->flags = flags;
}

struct file *file_hold(struct file *file)
{
    file->references++;
    return file;
}

void file_release(struct file *file)
{
    if (--file->references > 0)
        return;
    waitq_end(&file->waiters);
    if (file->ops->close)
        file->ops->close(file);
}

void file_wake(struct file *file)
{
    waitq_wake(&file->waiters);
}

struct file *fd_file(int fd)
{
    return fd >= 0 && fd < limit ? table[fd].file : NULL;
}

int fd_limit(void)
{
    return limit;
}

/* Makes room for the descriptor FD. */
static int table_grow(int fd)
{
    int wanted = (fd / STEP + 1) * STEP;
    struct descriptor *grown;

    if (fd >= FD_MAX)
        return -EMFILE;
    if (fd < limit)
        return 0;
    if (wanted < 2 * limit)
        wanted = 2 * limit < FD_MAX ? 2 * limit : FD_MAX;
    grown = table == first ? malloc((size_t)wanted * sizeof *table)
                           : realloc(table, (size_t)wanted * sizeof *table);
    if (!grown)
        return -ENOMEM;
    if (table == first)
        memcpy(grown, first, sizeof first);
    memset(grown + limit, 0, (size_t)(wanted - limit) * sizeof *grown);
    table = grown;
    limit = wanted;
    return 0;
}

int fd_install(struct file *file, int least, bool close_on_exec)
{
    int fd = least, result;

    while (fd < limit && table[fd].file)
        fd++;
    result = table_grow(fd);
    if (result < 0) {
        file_release(file);
        return result;
    }
    table[fd] = (struct descriptor){file, close_on_exec};
    return fd;
}

int fd_replace(struct file *file, int fd, bool close_on_exec)
{
    struct file *before;
    int result = fd < 0 ? -EBADF : table_grow(fd);

    if (result < 0) {
        file_release(file);
        return result == -EMFILE ? -EBADF : result;
    }
    before = table[fd].file;
    table[fd] = (struct descriptor){file, close_on_exec};
    if (before)
        file_release(before);
    return fd;
}

int fd_close(int fd)
{
    struct file *file = fd_file(fd);

    if (!file)
        return -EBADF;
    table[fd] = (struct descriptor){NULL, false};
    file_release(file);
    return 0;
}

bool fd_close_on_exec(int fd)
{
    return fd_file(fd) && table[fd].close_on_exec;
}

void fd_set_close_on_exec(int fd, bool on)
{
    if (fd_file(fd))
        table[fd].close_on_exec = on;
}
