/* udp.c: datagram sockets. What came is kept as lwIP's own buffers, up to a limit; beyond it, it is lost, as
 * UDP may. */
#include "libos/posix/inet.h"

#include <errno.h>
#include <fcntl.h>
#include <lwip/udp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define QUEUE_BYTES 65536u
#define SIZE_LIMIT  65507u /* of a datagram over IPv4 */

struct datagram {
    struct datagram *next;
    struct pbuf *data;
    ip_addr_t from;
    uint16_t port;
};

struct udp_socket {
    struct inet_socket base; /* first: a file is one */
    struct udp_pcb *pcb;
    struct datagram *first, **last;
    size_t queued_bytes;
    bool connected, shut_read;
};

static void on_received(void *context, struct udp_pcb *pcb, struct pbuf *data, const ip_addr_t *from,
                        u16_t port)
{
    struct udp_socket *socket = context;
    struct datagram *datagram;

    (void)pcb;
    datagram = socket->queued_bytes + data->tot_len > QUEUE_BYTES || socket->shut_read
                   ? NULL
                   : malloc(sizeof *datagram);
    if (!datagram) {
        pbuf_free(data);
        return;
    }
    *datagram = (struct datagram){NULL, data, *from, port};
    *socket->last = datagram;
    socket->last = &datagram->next;
    socket->queued_bytes += data->tot_len;
    file_wake(&socket->base.file);
}

static void datagram_drop(struct udp_socket *socket)
{
    struct datagram *datagram = socket->first;

    socket->first = datagram->next;
    if (!socket->first)
        socket->last = &socket->first;
    socket->queued_bytes -= datagram->data->tot_len;
    pbuf_free(datagram->data);
    free(datagram);
}

static ssize_t udp_socket_receive(struct file *file, struct msghdr *message, int flags)
{
    struct udp_socket *socket = (struct udp_socket *)file;
    struct datagram *datagram = socket->first;
    size_t done = 0, size;

    if (!datagram)
        return socket->shut_read ? 0 : -EAGAIN;
    size = datagram->data->tot_len;
    for (int i = 0; i < message->msg_iovlen && done < size; i++)
        done += pbuf_copy_partial(
            datagram->data, message->msg_iov[i].iov_base,
            (u16_t)(message->msg_iov[i].iov_len < size - done ? message->msg_iov[i].iov_len : size - done),
            (u16_t)done);
    message->msg_flags = done < size ? MSG_TRUNC : 0;
    message->msg_controllen = 0;
    if (message->msg_name) {
        struct sockaddr_storage from;
        socklen_t length;
        inet_address_write(&socket->base, &datagram->from, datagram->port, &from, &length);
        memcpy(message->msg_name, &from, length < message->msg_namelen ? length : message->msg_namelen);
        message->msg_namelen = length;
    }
    if (!(flags & MSG_PEEK))
        datagram_drop(socket);
    return (ssize_t)(flags & MSG_TRUNC ? size : done);
}

static size_t parts_size(const struct msghdr *message)
{
    size_t size = 0;

    for (int i = 0; i < message->msg_iovlen; i++) {
        if (__builtin_add_overflow(size, message->msg_iov[i].iov_len, &size))
            return SIZE_MAX;
    }
    return size;
}

static ssize_t udp_socket_send(struct file *file, const struct msghdr *message, int flags)
{
    struct udp_socket *socket = (struct udp_socket *)file;
    size_t size = parts_size(message), done = 0;
    struct pbuf *data;
    ip_addr_t to;
    uint16_t port;
    int result = 0;

    (void)flags;
    if (size > SIZE_LIMIT)
        return -EMSGSIZE;
    if (message->msg_name)
        result = inet_address_read(&socket->base, message->msg_name, message->msg_namelen, &to, &port);
    else if (!socket->connected)
        result = -EDESTADDRREQ;
    if (result < 0)
        return result;
    data = pbuf_alloc(PBUF_TRANSPORT, (u16_t)size, PBUF_RAM);
    if (!data)
        return -ENOBUFS;
    for (int i = 0; i < message->msg_iovlen; i++) {
        pbuf_take_at(data, message->msg_iov[i].iov_base, (u16_t)message->msg_iov[i].iov_len, (u16_t)done);
        done += message->msg_iov[i].iov_len;
    }
    result = inet_errno(message->msg_name ? udp_sendto(socket->pcb, data, &to, port)
                                          : udp_send(socket->pcb, data));
    pbuf_free(data);
    return result < 0 ? result : (ssize_t)size;
}

static ssize_t udp_socket_read(struct file *file, void *data, size_t size)
{
    struct iovec part = {data, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    return udp_socket_receive(file, &message, 0);
}

static ssize_t udp_socket_write(struct file *file, const void *data, size_t size)
{
    struct iovec part = {(void *)(uintptr_t)data, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    return udp_socket_send(file, &message, 0);
}

static ssize_t udp_socket_writev(struct file *file, const struct iovec *parts, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = count};

    return udp_socket_send(file, &message, 0);
}

static unsigned udp_socket_ready(struct file *file)
{
    const struct udp_socket *socket = (const struct udp_socket *)file;

    return POLLOUT | (socket->first || socket->shut_read ? POLLIN : 0);
}

static int udp_socket_stat(struct file *file, struct stat *status)
{
    (void)file;
    status->st_mode = S_IFSOCK | 0600;
    return 0;
}

static int udp_socket_control(struct file *file, unsigned long request, void *argument)
{
    const struct udp_socket *socket = (const struct udp_socket *)file;

    if (request != FIONREAD)
        return -ENOTTY;
    *(int *)argument = socket->first ? socket->first->data->tot_len : 0;
    return 0;
}

static void udp_socket_close(struct file *file)
{
    struct udp_socket *socket = (struct udp_socket *)file;

    while (socket->first)
        datagram_drop(socket);
    if (socket->pcb)
        udp_remove(socket->pcb);
    sched_count_events(-1);
    free(socket);
}

static int udp_socket_bind(struct file *file, const struct sockaddr *address, socklen_t size)
{
    struct udp_socket *socket = (struct udp_socket *)file;
    ip_addr_t ip;
    uint16_t port;
    int result = inet_address_read(&socket->base, address, size, &ip, &port);

    if (result < 0)
        return result;
    if (socket->base.family == AF_INET6 && ip_addr_isany(&ip) && !socket->base.only_v6)
        return inet_errno(udp_bind(socket->pcb, IP_ANY_TYPE, port));
    return inet_errno(udp_bind(socket->pcb, &ip, port));
}

static int udp_socket_connect(struct file *file, const struct sockaddr *address, socklen_t size)
{
    struct udp_socket *socket = (struct udp_socket *)file;
    ip_addr_t ip;
    uint16_t port;
    int result;

    if (size >= sizeof address->sa_family && address->sa_family == AF_UNSPEC) {
        udp_disconnect(socket->pcb);
        socket->connected = false;
        return 0;
    }
    result = inet_address_read(&socket->base, address, size, &ip, &port);
    if (result == 0)
        result = inet_errno(udp_connect(socket->pcb, &ip, port));
    socket->connected = socket->connected || result == 0;
    return result;
}

static int udp_socket_name(struct file *file, bool peer, struct sockaddr_storage *address, socklen_t *size)
{
    struct udp_socket *socket = (struct udp_socket *)file;

    if (peer && !socket->connected)
        return -ENOTCONN;
    if (peer)
        inet_address_write(&socket->base, &socket->pcb->remote_ip, socket->pcb->remote_port, address, size);
    else
        inet_address_write(&socket->base, &socket->pcb->local_ip, socket->pcb->local_port, address, size);
    return 0;
}

static int udp_socket_shutdown(struct file *file, int how)
{
    struct udp_socket *socket = (struct udp_socket *)file;

    if (!socket->connected)
        return -ENOTCONN;
    socket->shut_read = socket->shut_read || how != SHUT_WR;
    file_wake(file);
    return 0;
}

static int udp_socket_set_option(struct file *file, int level, int name, const void *value, socklen_t size)
{
    struct udp_socket *socket = (struct udp_socket *)file;

    return inet_set_option(&socket->base, &socket->pcb->so_options, level, name, value, size);
}

static int udp_socket_get_option(struct file *file, int level, int name, void *value, socklen_t *size)
{
    struct udp_socket *socket = (struct udp_socket *)file;

    return inet_get_option(&socket->base, &socket->pcb->so_options, level, name, value, size);
}

static const struct socket_ops udp_socket_ops = {
    .bind = udp_socket_bind,
    .connect = udp_socket_connect,
    .name = udp_socket_name,
    .send = udp_socket_send,
    .receive = udp_socket_receive,
    .shutdown = udp_socket_shutdown,
    .set_option = udp_socket_set_option,
    .get_option = udp_socket_get_option,
    .timeout = inet_timeout,
};

static const struct file_ops udp_file_ops = {
    .read = udp_socket_read,
    .write = udp_socket_write,
    .writev = udp_socket_writev,
    .stat = udp_socket_stat,
    .control = udp_socket_control,
    .ready = udp_socket_ready,
    .close = udp_socket_close,
    .socket = &udp_socket_ops,
};

int udp_socket_open(int family, int flags, struct file **file)
{
    struct udp_socket *socket = calloc(1, sizeof *socket);

    if (!socket)
        return -ENOMEM;
    inet_open(&socket->base, &udp_file_ops, family, O_RDWR | flags);
    sched_count_events(1);
    socket->last = &socket->first;
    socket->pcb = udp_new_ip_type(family == AF_INET ? IPADDR_TYPE_V4 : IPADDR_TYPE_ANY);
    if (!socket->pcb) {
        file_release(&socket->base.file);
        return -ENOMEM;
    }
    udp_recv(socket->pcb, on_received, socket);
    *file = &socket->base.file;
    return 0;
}
