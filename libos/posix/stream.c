/* stream.c: messages of sockets that are streams: their parts, one after the other. */
#include "libos/posix/socket.h"

#include <errno.h>

ssize_t stream_send(struct file *file, const struct msghdr *message, int flags)
{
    ssize_t done = 0;

    if (flags & MSG_OOB)
        return -EOPNOTSUPP;
    for (int i = 0; i < message->msg_iovlen; i++) {
        size_t size = message->msg_iov[i].iov_len;
        ssize_t n = size > 0 ? file->ops->write(file, message->msg_iov[i].iov_base, size) : 0;
        if (n < 0)
            return done > 0 ? done : n;
        done += n;
        if ((size_t)n < size)
            break;
    }
    return done;
}

ssize_t stream_receive(struct file *file, struct msghdr *message, int flags)
{
    ssize_t done = 0;

    if (flags & (MSG_OOB | MSG_PEEK))
        return -EOPNOTSUPP;
    message->msg_namelen = 0;
    message->msg_controllen = 0;
    message->msg_flags = 0;
    for (int i = 0; i < message->msg_iovlen; i++) {
        size_t size = message->msg_iov[i].iov_len;
        ssize_t n = size > 0 ? file->ops->read(file, message->msg_iov[i].iov_base, size) : 0;
        if (n < 0)
            return done > 0 ? done : n;
        done += n;
        if ((size_t)n < size)
            break;
    }
    return done;
}
