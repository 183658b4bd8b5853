/* wait.c: waiting for a file; apart, so that a program whose files are always ready has no scheduler. */
#include "libos/kernel/sched.h"
#include "libos/posix/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

bool file_blocks(const struct file *file)
{
    return !(file->flags & O_NONBLOCK);
}

unsigned file_ready(struct file *file)
{
    return file->ops->ready ? file->ops->ready(file) : POLLIN | POLLOUT;
}

int file_wait(struct file *file, const char *reason, solo5_time_t deadline)
{
    struct wait entry;
    bool woken;

    file_hold(file);
    waitq_add_self(&file->waiters, &entry);
    woken = sched_block(reason, deadline);
    wait_remove(&entry);
    file_release(file);
    return woken ? 0 : -EAGAIN;
}
