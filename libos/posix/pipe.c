/*
 * pipe.c: bytes between two descriptors of the program: pipes, and connected pairs of stream sockets.
 *
 * Both are made of one-way channels. An end knows the channel it reads and the one it writes, of which a
 * pipe's ends have one each. Writing where nobody reads is EPIPE; there is no signal.
 */
#include "libos/posix/call.h"
#include "libos/posix/file.h"
#include "libos/posix/socket.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define CAPACITY 16384u

struct channel {
    struct file *reader, *writer; /* NULL: closed, or shut down */
    unsigned ends;                /* that are open */
    size_t first, used;
    uint8_t data[CAPACITY];
};

struct end {
    struct file file;
    struct channel *in, *out;
};

static struct end *end_of(struct file *file)
{
    return (struct end *)file;
}

static ssize_t end_read(struct file *file, void *data, size_t size)
{
    struct channel *in = end_of(file)->in;
    size_t done = 0;

    if (!in)
        return -EBADF;
    if (in->used == 0)
        return in->writer && in->reader && size > 0 ? -EAGAIN : 0;
    while (done < size && in->used > 0) {
        size_t part = CAPACITY - in->first < in->used ? CAPACITY - in->first : in->used;
        if (part > size - done)
            part = size - done;
        memcpy((uint8_t *)data + done, in->data + in->first, part);
        in->first = (in->first + part) % CAPACITY;
        in->used -= part;
        done += part;
    }
    if (in->writer)
        file_wake(in->writer);
    return (ssize_t)done;
}

static ssize_t end_write(struct file *file, const void *data, size_t size)
{
    struct channel *out = end_of(file)->out;
    size_t done = 0;

    if (!out)
        return -EBADF;
    if (!out->reader || !out->writer)
        return -EPIPE;
    /* A small write goes whole or not at all (PIPE_BUF). */
    if (size > 0 && (out->used == CAPACITY || (size <= PIPE_BUF && size > CAPACITY - out->used)))
        return -EAGAIN;
    while (done < size && out->used < CAPACITY) {
        size_t at = (out->first + out->used) % CAPACITY;
        size_t part = (at < out->first ? out->first : CAPACITY) - at;
        if (part > size - done)
            part = size - done;
        memcpy(out->data + at, (const uint8_t *)data + done, part);
        out->used += part;
        done += part;
    }
    file_wake(out->reader);
    return (ssize_t)done;
}

static unsigned end_ready(struct file *file)
{
    const struct channel *in = end_of(file)->in, *out = end_of(file)->out;
    unsigned ready = 0;

    if (in) {
        ready |= in->used > 0 ? POLLIN : 0;
        if (!in->writer || !in->reader)
            ready |= out ? POLLIN | POLLRDHUP : POLLHUP;
    }
    if (out) {
        ready |= out->reader && CAPACITY - out->used >= PIPE_BUF ? POLLOUT : 0;
        if (!out->reader)
            ready |= in ? POLLOUT | POLLHUP : POLLERR;
    }
    return ready;
}

static int end_stat(struct file *file, struct stat *status)
{
    const struct end *end = end_of(file);

    status->st_mode = (end->in && end->out ? S_IFSOCK : S_IFIFO) | 0600;
    status->st_blksize = CAPACITY;
    return 0;
}

static int end_control(struct file *file, unsigned long request, void *argument)
{
    if (request != FIONREAD || !end_of(file)->in)
        return -ENOTTY;
    *(int *)argument = (int)end_of(file)->in->used;
    return 0;
}

/* Nothing is read from, or written to, CHANNEL any more: its other side hears of it. */
static void channel_shut(struct channel *channel, bool reading)
{
    struct file *other = reading ? channel->writer : channel->reader;

    if (reading)
        channel->reader = NULL;
    else
        channel->writer = NULL;
    if (other)
        file_wake(other);
}

static void channel_close(struct channel *channel, bool reading)
{
    if (!channel)
        return;
    channel_shut(channel, reading);
    if (--channel->ends == 0)
        free(channel);
}

static void end_close(struct file *file)
{
    channel_close(end_of(file)->in, true);
    channel_close(end_of(file)->out, false);
    free(file);
}

static const struct file_ops pipe_ops = {
    .read = end_read,
    .write = end_write,
    .stat = end_stat,
    .control = end_control,
    .ready = end_ready,
    .close = end_close,
};

static int pair_shutdown(struct file *file, int how)
{
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
        return -EINVAL;
    if (how != SHUT_WR)
        channel_shut(end_of(file)->in, true);
    if (how != SHUT_RD)
        channel_shut(end_of(file)->out, false);
    file_wake(file);
    return 0;
}

static int pair_name(struct file *file, bool peer, struct sockaddr_storage *address, socklen_t *size)
{
    (void)file, (void)peer;
    address->ss_family = AF_UNIX;
    *size = sizeof address->ss_family;
    return 0;
}

static int pair_get_option(struct file *file, int level, int name, void *value, socklen_t *size)
{
    (void)file;
    if (level != SOL_SOCKET || (name != SO_TYPE && name != SO_ERROR) || *size < sizeof(int))
        return -ENOPROTOOPT;
    *(int *)value = name == SO_TYPE ? SOCK_STREAM : 0;
    *size = sizeof(int);
    return 0;
}

static const struct socket_ops pair_socket_ops = {
    .name = pair_name,
    .send = stream_send,
    .receive = stream_receive,
    .shutdown = pair_shutdown,
    .get_option = pair_get_option,
};

static const struct file_ops pair_ops = {
    .read = end_read,
    .write = end_write,
    .stat = end_stat,
    .control = end_control,
    .ready = end_ready,
    .close = end_close,
    .socket = &pair_socket_ops,
};

/* One end, that reads IN and writes OUT; NULL: no memory. */
static struct file *end_make(const struct file_ops *ops, int flags, struct channel *in, struct channel *out)
{
    struct end *end = calloc(1, sizeof *end);

    if (!end)
        return NULL;
    file_open(&end->file, ops, flags);
    end->in = in;
    end->out = out;
    if (in) {
        in->reader = &end->file;
        in->ends++;
    }
    if (out) {
        out->writer = &end->file;
        out->ends++;
    }
    return &end->file;
}

/* Gives both files their descriptors. */
static int pair_install(struct file *files[static 2], bool close_on_exec, int fds[static 2])
{
    fds[0] = fd_install(files[0], 0, close_on_exec);
    if (fds[0] < 0) {
        file_release(files[1]);
        return fds[0];
    }
    fds[1] = fd_install(files[1], 0, close_on_exec);
    if (fds[1] < 0) {
        fd_close(fds[0]);
        return fds[1];
    }
    return 0;
}

/* A pipe. */
POSIX_CALL(pipe2, int fds[2], int flags)
{
    struct channel *channel;
    struct file *files[2];

    if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    channel = calloc(1, sizeof *channel);
    if (!channel)
        return -ENOMEM;
    files[0] = end_make(&pipe_ops, O_RDONLY | (flags & O_NONBLOCK), channel, NULL);
    files[1] = end_make(&pipe_ops, O_WRONLY | (flags & O_NONBLOCK), NULL, channel);
    if (files[0] && files[1])
        return pair_install(files, flags & O_CLOEXEC, fds);
    if (files[0])
        file_release(files[0]);
    else if (files[1])
        file_release(files[1]);
    else
        free(channel);
    return -ENOMEM;
}

/* A pipe. */
POSIX_CALL(pipe, int fds[2])
{
    return posix_call_pipe2(fds, 0);
}

/* Partial: stream sockets of AF_UNIX, without descriptors in messages. */
POSIX_CALL(socketpair, int family, int type, int protocol, int fds[2])
{
    struct channel *one = calloc(1, sizeof *one), *two = calloc(1, sizeof *two);
    int flags = O_RDWR | (type & SOCK_NONBLOCK ? O_NONBLOCK : 0);
    struct file *files[2] = {NULL, NULL};

    if (one && two && family == AF_UNIX && (type & 0xf) == SOCK_STREAM && protocol == 0) {
        files[0] = end_make(&pair_ops, flags, one, two);
        files[1] = files[0] ? end_make(&pair_ops, flags, two, one) : NULL;
        if (files[1])
            return pair_install(files, type & SOCK_CLOEXEC, fds);
        if (files[0])
            file_release(files[0]);
        else
            free(one), free(two);
        return -ENOMEM;
    }
    free(one);
    free(two);
    if (family != AF_UNIX)
        return -EAFNOSUPPORT;
    return (type & 0xf) != SOCK_STREAM || protocol != 0 ? -EPROTONOSUPPORT : -ENOMEM;
}
