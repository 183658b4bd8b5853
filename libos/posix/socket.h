/*
 * socket.h: what a file that is a socket can do more than others.
 *
 * As everything of struct file_ops, nothing here waits: -EAGAIN, and the calls (socket_calls.c) wait.
 */
#ifndef LIBOS_POSIX_SOCKET_H
#define LIBOS_POSIX_SOCKET_H

#include "libos/posix/file.h"

#include <sys/socket.h>

/* A kind of socket's operations. One that is NULL fails with EOPNOTSUPP. */
struct socket_ops {
    int (*bind)(struct file *, const struct sockaddr *address, socklen_t size);
    /* 0, or -EINPROGRESS (the file becomes ready for writing when it is over), then -EALREADY, and once 0 or
     * the failure. */
    int (*connect)(struct file *, const struct sockaddr *address, socklen_t size);
    int (*listen)(struct file *, int backlog);
    int (*accept)(struct file *, struct file **accepted, struct sockaddr_storage *peer, socklen_t *size);
    int (*name)(struct file *, bool peer, struct sockaddr_storage *address, socklen_t *size);
    /* MESSAGE has an address, or none; the result is what was sent of all its parts together. */
    ssize_t (*send)(struct file *, const struct msghdr *message, int flags);
    /* Fills in MESSAGE's address and flags. */
    ssize_t (*receive)(struct file *, struct msghdr *message, int flags);
    int (*shutdown)(struct file *, int how);
    int (*set_option)(struct file *, int level, int name, const void *value, socklen_t size);
    int (*get_option)(struct file *, int level, int name, void *value, socklen_t *size);
    /* How long a blocking call may wait, in nanoseconds (SCHED_NEVER: for ever); NULL: for ever. */
    solo5_time_t (*timeout)(struct file *, bool sending);
};

/* Sends and receives the parts of a message by the file's write() and read(): for kinds that are streams. */
ssize_t stream_send(struct file *, const struct msghdr *message, int flags);
ssize_t stream_receive(struct file *, struct msghdr *message, int flags);

/* Makes a socket (no flags in TYPE) with one reference; 0, -EAFNOSUPPORT, -EPROTONOSUPPORT, -ENOMEM. */
int socket_open(int family, int type, int protocol, int flags, struct file **file);

#endif
