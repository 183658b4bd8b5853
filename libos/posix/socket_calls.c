/* socket_calls.c: the calls about sockets, of every kind; the only place where they wait. */
#include "libos/kernel/sched.h"
#include "libos/posix/call.h"
#include "libos/posix/clock.h"
#include "libos/posix/socket.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>

/* The socket behind FD; NULL, and why in *ERROR. */
static struct file *socket_of(int fd, int *error)
{
    struct file *file = fd_file(fd);

    *error = file ? -ENOTSOCK : -EBADF;
    return file && file->ops->socket ? file : NULL;
}

static solo5_time_t deadline_of(struct file *file, bool sending)
{
    const struct socket_ops *ops = file->ops->socket;
    solo5_time_t timeout = ops->timeout ? ops->timeout(file, sending) : SCHED_NEVER;

    return timeout == SCHED_NEVER ? SCHED_NEVER : clock_deadline(timeout);
}

static bool waits(const struct file *file, int flags)
{
    return file_blocks(file) && !(flags & MSG_DONTWAIT);
}

/* Makes a socket: TCP or UDP, IPv4 or IPv6. */
POSIX_CALL(socket, int family, int type, int protocol)
{
    struct file *file;
    int result = socket_open(family, type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK), protocol,
                             type & SOCK_NONBLOCK ? O_NONBLOCK : 0, &file);

    return result < 0 ? result : fd_install(file, 0, type & SOCK_CLOEXEC);
}

/* Gives a socket its address. */
POSIX_CALL(bind, int fd, const struct sockaddr *address, socklen_t size)
{
    int error;
    struct file *file = socket_of(fd, &error);

    if (!file)
        return error;
    return file->ops->socket->bind ? file->ops->socket->bind(file, address, size) : -EOPNOTSUPP;
}

/* Lets a socket take connections. */
POSIX_CALL(listen, int fd, int backlog)
{
    int error;
    struct file *file = socket_of(fd, &error);

    if (!file)
        return error;
    return file->ops->socket->listen ? file->ops->socket->listen(file, backlog) : -EOPNOTSUPP;
}

/* Waits until a connection that was begun is there or has failed. */
static int connect_finish(struct file *file)
{
    solo5_time_t deadline = deadline_of(file, true);
    int error = 0;
    socklen_t size = sizeof error;

    file_hold(file);
    while (!(file_ready(file) & (POLLOUT | POLLERR | POLLHUP))) {
        if (file_wait(file, "connect", deadline) < 0)
            error = EINPROGRESS;
        if (error)
            break;
    }
    if (!error)
        file->ops->socket->get_option(file, SOL_SOCKET, SO_ERROR, &error, &size);
    file_release(file);
    return -error;
}

/* Connects a socket. */
POSIX_CALL(connect, int fd, const struct sockaddr *address, socklen_t size)
{
    int result;
    struct file *file = socket_of(fd, &result);

    if (!file)
        return result;
    if (!file->ops->socket->connect)
        return -EOPNOTSUPP;
    result = file->ops->socket->connect(file, address, size);
    return result == -EINPROGRESS && file_blocks(file) ? connect_finish(file) : result;
}

static void address_give(const struct sockaddr_storage *address, socklen_t length, struct sockaddr *out,
                         socklen_t *size)
{
    if (!out || !size)
        return;
    memcpy(out, address, length < *size ? length : *size);
    *size = length;
}

/* Takes a connection. */
POSIX_CALL(accept4, int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    struct sockaddr_storage peer;
    struct file *file, *accepted;
    solo5_time_t deadline;
    socklen_t length;
    int result;

    file = socket_of(fd, &result);
    if (!file)
        return result;
    if (!file->ops->socket->accept)
        return -EOPNOTSUPP;
    file_hold(file);
    deadline = deadline_of(file, false);
    while ((result = file->ops->socket->accept(file, &accepted, &peer, &length)) == -EAGAIN &&
           file_blocks(file)) {
        if (file_wait(file, "accept", deadline) < 0)
            break;
    }
    file_release(file);
    if (result < 0)
        return result;
    accepted->flags |= flags & SOCK_NONBLOCK ? O_NONBLOCK : 0;
    address_give(&peer, length, address, size);
    return fd_install(accepted, 0, flags & SOCK_CLOEXEC);
}

/* Takes a connection. */
POSIX_CALL(accept, int fd, struct sockaddr *address, socklen_t *size)
{
    return posix_call_accept4(fd, address, size, 0);
}

static long name_of(int fd, bool peer, struct sockaddr *address, socklen_t *size)
{
    struct sockaddr_storage name;
    socklen_t length;
    int result;
    struct file *file = socket_of(fd, &result);

    if (!file)
        return result;
    result = file->ops->socket->name(file, peer, &name, &length);
    if (result == 0)
        address_give(&name, length, address, size);
    return result;
}

/* A socket's own address. */
POSIX_CALL(getsockname, int fd, struct sockaddr *address, socklen_t *size)
{
    return name_of(fd, false, address, size);
}

/* The address of whom a socket is connected to. */
POSIX_CALL(getpeername, int fd, struct sockaddr *address, socklen_t *size)
{
    return name_of(fd, true, address, size);
}

/* A message of which the first DONE bytes are sent. */
static void message_skip(struct msghdr *message, struct iovec *first, size_t done)
{
    while (message->msg_iovlen > 0 && done >= first->iov_len) {
        done -= first->iov_len;
        message->msg_iovlen--;
        message->msg_iov++;
        if (message->msg_iovlen > 0)
            *first = *message->msg_iov;
    }
    first->iov_base = (char *)first->iov_base + done;
    first->iov_len -= done;
}

/* Sends one part after the other until all is sent, as a blocking stream must. */
static long send_parts(struct file *file, const struct msghdr *message, int flags)
{
    solo5_time_t deadline = deadline_of(file, true);
    struct msghdr rest = *message;
    struct iovec part;
    long total = 0;

    for (int i = 0; i < message->msg_iovlen; i++) {
        part = message->msg_iov[i];
        rest.msg_iov = &part;
        rest.msg_iovlen = 1;
        while (rest.msg_iovlen > 0) {
            ssize_t n = file->ops->socket->send(file, &rest, flags);
            if (n == -EAGAIN && file_wait(file, "send", deadline) == 0)
                continue;
            if (n < 0)
                return total > 0 ? total : n;
            total += n;
            message_skip(&rest, &part, (size_t)n);
        }
    }
    return total;
}

/* Partial: without descriptors and other control messages; never a signal, as with MSG_NOSIGNAL. */
POSIX_CALL(sendmsg, int fd, const struct msghdr *message, int flags)
{
    int type = 0, error;
    socklen_t size = sizeof type;
    struct file *file = socket_of(fd, &error);
    long result;

    if (!file)
        return error;
    if (message->msg_iovlen < 0 || message->msg_iovlen > IOV_MAX)
        return -EMSGSIZE;
    file->ops->socket->get_option(file, SOL_SOCKET, SO_TYPE, &type, &size);
    if (type != SOCK_STREAM || !waits(file, flags))
        return file->ops->socket->send(file, message, flags);
    file_hold(file);
    result = send_parts(file, message, flags);
    file_release(file);
    return result;
}

/* Partial: as sendmsg. */
POSIX_CALL(sendto, int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
           socklen_t length)
{
    struct iovec part = {(void *)(uintptr_t)data, size};
    struct msghdr message = {.msg_name = (void *)(uintptr_t)address,
                             .msg_namelen = address ? length : 0,
                             .msg_iov = &part,
                             .msg_iovlen = 1};

    return posix_call_sendmsg(fd, &message, flags);
}

/* Receives once: what has come, or the first that comes. */
static long receive_once(struct file *file, struct msghdr *message, int flags)
{
    solo5_time_t deadline = deadline_of(file, false);
    ssize_t n;

    while ((n = file->ops->socket->receive(file, message, flags)) == -EAGAIN && waits(file, flags)) {
        if (file_wait(file, "receive", deadline) < 0)
            break;
    }
    return n;
}

/* Partial: without control messages. */
POSIX_CALL(recvmsg, int fd, struct msghdr *message, int flags)
{
    int error;
    struct file *file = socket_of(fd, &error);
    long result;

    if (!file)
        return error;
    if (message->msg_iovlen < 0 || message->msg_iovlen > IOV_MAX)
        return -EMSGSIZE;
    file_hold(file);
    result = receive_once(file, message, flags);
    file_release(file);
    return result;
}

/* Receives; with MSG_WAITALL until the buffer is full. */
POSIX_CALL(recvfrom, int fd, void *data, size_t size, int flags, struct sockaddr *address, socklen_t *length)
{
    size_t done = 0;

    for (;;) {
        struct iovec part = {(char *)data + done, size - done};
        struct msghdr message = {.msg_name = address,
                                 .msg_namelen = address && length ? *length : 0,
                                 .msg_iov = &part,
                                 .msg_iovlen = 1};
        long n = posix_call_recvmsg(fd, &message, flags & ~MSG_WAITALL);
        if (n < 0)
            return done > 0 ? (long)done : n;
        done += (size_t)n;
        if (address && length)
            *length = message.msg_namelen;
        if (!(flags & MSG_WAITALL) || n == 0 || done >= size)
            return (long)done;
    }
}

/* Ends one direction of a connection, or both. */
POSIX_CALL(shutdown, int fd, int how)
{
    int error;
    struct file *file = socket_of(fd, &error);

    if (!file)
        return error;
    return file->ops->socket->shutdown ? file->ops->socket->shutdown(file, how) : -EOPNOTSUPP;
}

/* Partial: SO_REUSEADDR, SO_KEEPALIVE, SO_BROADCAST, SO_LINGER (off, or 0), SO_RCVTIMEO, SO_SNDTIMEO,
 * TCP_NODELAY, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, IPV6_V6ONLY; SO_SNDBUF and SO_RCVBUF change nothing;
 * others, and SO_REUSEPORT, are refused. */
POSIX_CALL(setsockopt, int fd, int level, int name, const void *value, socklen_t size)
{
    int error;
    struct file *file = socket_of(fd, &error);

    if (!file)
        return error;
    return file->ops->socket->set_option ? file->ops->socket->set_option(file, level, name, value, size)
                                         : -ENOPROTOOPT;
}

/* Partial: what setsockopt takes, and SO_ERROR, SO_TYPE, SO_DOMAIN, SO_ACCEPTCONN, TCP_MAXSEG. */
POSIX_CALL(getsockopt, int fd, int level, int name, void *value, socklen_t *size)
{
    int error;
    struct file *file = socket_of(fd, &error);

    if (!file)
        return error;
    return file->ops->socket->get_option(file, level, name, value, size);
}
