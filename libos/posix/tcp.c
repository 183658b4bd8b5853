/*
 * tcp.c: stream sockets: one connection.
 *
 * What came is kept as lwIP's own buffers until it is read, and only then is the peer granted more: a socket
 * holds a receive window at most. What is written is copied into lwIP's queue. Listening is tcp_listen.c's.
 */
#include "libos/posix/tcp.h"

#include "libos/kernel/say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

static err_t on_received(void *context, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct tcp_socket *socket = context;

    (void)pcb, (void)error;
    if (!data) {
        socket->peer_closed = true;
    } else if (socket->shut_read) {
        tcp_recved(socket->pcb, data->tot_len);
        pbuf_free(data);
    } else if (socket->received) {
        pbuf_cat(socket->received, data);
    } else {
        socket->received = data;
    }
    file_wake(&socket->base.file);
    return ERR_OK;
}

static err_t on_sent(void *context, struct tcp_pcb *pcb, u16_t size)
{
    struct tcp_socket *socket = context;

    (void)pcb, (void)size;
    file_wake(&socket->base.file);
    return ERR_OK;
}

/* The connection is over, and lwIP has freed it. */
static void on_error(void *context, err_t error)
{
    struct tcp_socket *socket = context;
    bool connecting = socket->state == TCP_CONNECTING;

    socket->pcb = NULL;
    socket->state = TCP_OVER;
    socket->base.error = connecting && error == ERR_RST ? ECONNREFUSED
                         : error == ERR_ABRT            ? ETIMEDOUT
                                                        : -inet_errno(error);
    file_wake(&socket->base.file);
}

static err_t on_connected(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct tcp_socket *socket = context;

    (void)pcb, (void)error;
    socket->state = TCP_CONNECTED;
    file_wake(&socket->base.file);
    return ERR_OK;
}

void tcp_socket_attach(struct tcp_socket *socket, struct tcp_pcb *pcb)
{
    socket->pcb = pcb;
    tcp_arg(pcb, socket);
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
}

/* The error that the next call reports, once. */
static int error_take(struct tcp_socket *socket)
{
    int error = socket->base.error;

    socket->base.error = 0;
    return -error;
}

ssize_t tcp_socket_peek(struct tcp_socket *socket, void *data, size_t size)
{
    if (socket->base.error)
        return error_take(socket);
    if (socket->state == TCP_LISTENING || socket->state == TCP_IDLE)
        return -ENOTCONN;
    if (!socket->received)
        return socket->peer_closed || socket->shut_read || socket->state == TCP_OVER ? 0 : -EAGAIN;
    if (size > UINT16_MAX)
        size = UINT16_MAX;
    return pbuf_copy_partial(socket->received, data, (u16_t)size, 0);
}

static ssize_t tcp_socket_read(struct file *file, void *data, size_t size)
{
    struct tcp_socket *socket = (struct tcp_socket *)file;
    ssize_t n = tcp_socket_peek(socket, data, size);

    if (n <= 0 || !socket->received)
        return n;
    socket->received = pbuf_free_header(socket->received, (u16_t)n);
    if (socket->pcb)
        tcp_recved(socket->pcb, (u16_t)n);
    return n;
}

/* Whether anything may be written now: 0, or why not. */
static int write_check(struct tcp_socket *socket)
{
    if (socket->base.error)
        return error_take(socket);
    if (socket->state == TCP_CONNECTING)
        return -EAGAIN;
    if (socket->shut_write || socket->state == TCP_OVER)
        return -EPIPE;
    return socket->state == TCP_CONNECTED ? 0 : -ENOTCONN;
}

static ssize_t tcp_socket_write(struct file *file, const void *data, size_t size)
{
    struct tcp_socket *socket = (struct tcp_socket *)file;
    size_t done = 0;
    int result = write_check(socket);

    if (result < 0)
        return result;
    while (done < size) {
        size_t part = tcp_sndbuf(socket->pcb) < size - done ? tcp_sndbuf(socket->pcb) : size - done;
        err_t error;
        if (part > TCP_PART_MAX)
            part = TCP_PART_MAX;
        if (part == 0)
            break;
        error = tcp_write(socket->pcb, (const char *)data + done, (u16_t)part, TCP_WRITE_FLAG_COPY);
        if (error == ERR_MEM)
            break;
        if (error != ERR_OK)
            return done > 0 ? (ssize_t)done : inet_errno(error);
        done += part;
    }
    tcp_output(socket->pcb);
    if (done > 0 || size == 0)
        return (ssize_t)done;
    /* With nothing on its way no acknowledgement will ever make room: the memory is at its end. */
    return socket->pcb && socket->pcb->snd_queuelen == 0 ? -ENOBUFS : -EAGAIN;
}

static unsigned connection_ready(const struct tcp_socket *socket)
{
    unsigned ready = 0;

    if (socket->received || socket->peer_closed || socket->shut_read)
        ready |= POLLIN;
    if (socket->peer_closed)
        ready |= POLLRDHUP;
    if (socket->state == TCP_CONNECTED && !socket->shut_write && tcp_sndbuf(socket->pcb) > TCP_SNDLOWAT &&
        tcp_sndqueuelen(socket->pcb) < TCP_SND_QUEUELEN / 2)
        ready |= POLLOUT;
    if (socket->shut_write)
        ready |= POLLOUT;
    if (socket->peer_closed && socket->shut_write)
        ready |= POLLHUP;
    return ready;
}

static unsigned tcp_socket_ready(struct file *file)
{
    const struct tcp_socket *socket = (const struct tcp_socket *)file;

    switch (socket->state) {
    case TCP_LISTENING:
        return socket->waiting_first ? POLLIN : 0;
    case TCP_CONNECTING:
        return 0;
    case TCP_OVER:
        return POLLIN | POLLOUT | POLLHUP | POLLRDHUP | (socket->base.error ? POLLERR : 0);
    case TCP_CONNECTED:
        return connection_ready(socket);
    default:
        return POLLOUT | POLLHUP;
    }
}

static int tcp_socket_stat(struct file *file, struct stat *status)
{
    (void)file;
    status->st_mode = S_IFSOCK | 0600;
    return 0;
}

static int tcp_socket_control(struct file *file, unsigned long request, void *argument)
{
    const struct tcp_socket *socket = (const struct tcp_socket *)file;

    if (request != FIONREAD)
        return -ENOTTY;
    *(int *)argument = socket->received ? socket->received->tot_len : 0;
    return 0;
}

/* Ends the connection: what was written still goes out, unless something that came was never read or the
 * program said so. */
static void connection_end(struct tcp_socket *socket)
{
    struct tcp_pcb *pcb = socket->pcb;
    bool unread = socket->received != NULL;

    if (!pcb)
        return;
    tcp_arg(pcb, NULL);
    if (socket->state == TCP_LISTENING) {
        tcp_accept(pcb, NULL);
        tcp_close(pcb);
        return;
    }
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    if (unread || socket->reset_on_close || tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
}

static void tcp_socket_close(struct file *file)
{
    struct tcp_socket *socket = (struct tcp_socket *)file;
    struct tcp_socket *waiting;

    while ((waiting = tcp_socket_take_waiting(socket)))
        file_release(&waiting->base.file);
    connection_end(socket);
    if (socket->received)
        pbuf_free(socket->received);
    sched_count_events(-1);
    free(socket);
}

static int tcp_socket_bind(struct file *file, const struct sockaddr *address, socklen_t size)
{
    struct tcp_socket *socket = (struct tcp_socket *)file;
    ip_addr_t ip;
    uint16_t port;
    int result = inet_address_read(&socket->base, address, size, &ip, &port);

    if (result < 0)
        return result;
    if (socket->state != TCP_IDLE || socket->pcb->local_port != 0)
        return -EINVAL;
    /* "::" without IPV6_V6ONLY is every address there is. */
    if (socket->base.family == AF_INET6 && ip_addr_isany(&ip) && !socket->base.only_v6)
        return inet_errno(tcp_bind(socket->pcb, IP_ANY_TYPE, port));
    return inet_errno(tcp_bind(socket->pcb, &ip, port));
}

static int tcp_socket_connect(struct file *file, const struct sockaddr *address, socklen_t size)
{
    struct tcp_socket *socket = (struct tcp_socket *)file;
    ip_addr_t ip;
    uint16_t port;
    int result = inet_address_read(&socket->base, address, size, &ip, &port);

    if (result < 0)
        return result;
    if (socket->state == TCP_CONNECTING)
        return -EALREADY;
    if (socket->state != TCP_IDLE)
        return socket->base.error ? error_take(socket) : socket->state == TCP_CONNECTED ? -EISCONN : -EINVAL;
    if (port == 0)
        return -ECONNREFUSED;
    result = inet_errno(tcp_connect(socket->pcb, &ip, port, on_connected));
    if (result < 0)
        return result;
    socket->state = TCP_CONNECTING;
    return -EINPROGRESS;
}

static int tcp_socket_name(struct file *file, bool peer, struct sockaddr_storage *address, socklen_t *size)
{
    struct tcp_socket *socket = (struct tcp_socket *)file;

    if (peer && socket->state != TCP_CONNECTED)
        return -ENOTCONN;
    if (!socket->pcb)
        inet_address_write(&socket->base, IP_ANY_TYPE, 0, address, size);
    else if (peer)
        inet_address_write(&socket->base, &socket->pcb->remote_ip, socket->pcb->remote_port, address, size);
    else
        inet_address_write(&socket->base, &socket->pcb->local_ip, socket->pcb->local_port, address, size);
    return 0;
}

static ssize_t tcp_socket_receive(struct file *file, struct msghdr *message, int flags)
{
    struct tcp_socket *socket = (struct tcp_socket *)file;

    if (!(flags & MSG_PEEK))
        return stream_receive(file, message, flags);
    message->msg_namelen = 0;
    message->msg_controllen = 0;
    message->msg_flags = 0;
    return message->msg_iovlen > 0
               ? tcp_socket_peek(socket, message->msg_iov[0].iov_base, message->msg_iov[0].iov_len)
               : 0;
}

static int tcp_socket_shutdown(struct file *file, int how)
{
    struct tcp_socket *socket = (struct tcp_socket *)file;

    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
        return -EINVAL;
    if (socket->state != TCP_CONNECTED)
        return -ENOTCONN;
    if (how != SHUT_WR)
        socket->shut_read = true;
    if (how != SHUT_RD && !socket->shut_write) {
        socket->shut_write = true;
        tcp_shutdown(socket->pcb, 0, 1);
    }
    file_wake(file);
    return 0;
}

static const struct socket_ops tcp_socket_ops = {
    .bind = tcp_socket_bind,
    .connect = tcp_socket_connect,
    .listen = tcp_socket_listen,
    .accept = tcp_socket_accept,
    .name = tcp_socket_name,
    .send = stream_send,
    .receive = tcp_socket_receive,
    .shutdown = tcp_socket_shutdown,
    .set_option = tcp_socket_set_option,
    .get_option = tcp_socket_get_option,
    .timeout = inet_timeout,
};

static const struct file_ops tcp_file_ops = {
    .read = tcp_socket_read,
    .write = tcp_socket_write,
    .stat = tcp_socket_stat,
    .control = tcp_socket_control,
    .ready = tcp_socket_ready,
    .close = tcp_socket_close,
    .socket = &tcp_socket_ops,
};

struct tcp_socket *tcp_socket_make(int family, int flags)
{
    struct tcp_socket *socket = calloc(1, sizeof *socket);

    if (!socket)
        return NULL;
    inet_open(&socket->base, &tcp_file_ops, family, O_RDWR | flags);
    sched_count_events(1);
    return socket;
}

int tcp_socket_open(int family, int flags, struct file **file)
{
    struct tcp_socket *socket = tcp_socket_make(family, flags);
    struct tcp_pcb *pcb = tcp_new_ip_type(family == AF_INET ? IPADDR_TYPE_V4 : IPADDR_TYPE_ANY);

    if (!socket || !pcb) {
        if (socket)
            file_release(&socket->base.file);
        if (pcb)
            tcp_abort(pcb);
        return -ENOMEM;
    }
    tcp_socket_attach(socket, pcb);
    *file = &socket->base.file;
    return 0;
}
