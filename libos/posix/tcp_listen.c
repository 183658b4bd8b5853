/* tcp_listen.c: stream sockets that listen. A connection that nobody accepts counts against the backlog. */
#include "libos/posix/tcp.h"

#include <errno.h>
#include <lwip/priv/tcp_priv.h>

#define BACKLOG_MAX 255

struct tcp_socket *tcp_socket_take_waiting(struct tcp_socket *socket)
{
    struct tcp_socket *waiting = socket->waiting_first;

    if (!waiting)
        return NULL;
    socket->waiting_first = waiting->waiting_next;
    if (!socket->waiting_first)
        socket->waiting_last = &socket->waiting_first;
    return waiting;
}

static err_t on_accepted(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct tcp_socket *listener = context, *socket;

    if (error != ERR_OK || !pcb || !listener)
        return ERR_VAL;
    socket = tcp_socket_make(listener->base.family, 0);
    if (!socket)
        return ERR_MEM;
    tcp_socket_attach(socket, pcb);
    tcp_backlog_delayed(pcb);
    socket->state = TCP_CONNECTED;
    *listener->waiting_last = socket;
    listener->waiting_last = &socket->waiting_next;
    file_wake(&listener->base.file);
    return ERR_OK;
}

int tcp_socket_listen(struct file *file, int backlog)
{
    struct tcp_socket *socket = (struct tcp_socket *)file;
    struct tcp_pcb *listening;
    err_t error;

    backlog = backlog < 1 ? 1 : backlog > BACKLOG_MAX ? BACKLOG_MAX : backlog;
    if (socket->state == TCP_LISTENING) {
        tcp_backlog_set(socket->pcb, (u8_t)backlog);
        return 0;
    }
    if (socket->state != TCP_IDLE)
        return -EINVAL;
    if (socket->pcb->local_port == 0 && (error = tcp_bind(socket->pcb, IP_ANY_TYPE, 0)) != ERR_OK)
        return inet_errno(error);
    listening = tcp_listen_with_backlog_and_err(socket->pcb, (u8_t)backlog, &error);
    if (!listening)
        return inet_errno(error);
    socket->pcb = listening;
    socket->state = TCP_LISTENING;
    socket->waiting_last = &socket->waiting_first;
    tcp_arg(listening, socket);
    tcp_accept(listening, on_accepted);
    return 0;
}

int tcp_socket_accept(struct file *file, struct file **accepted, struct sockaddr_storage *peer,
                      socklen_t *size)
{
    struct tcp_socket *socket = (struct tcp_socket *)file, *waiting;

    if (socket->state != TCP_LISTENING)
        return -EINVAL;
    waiting = tcp_socket_take_waiting(socket);
    if (!waiting)
        return -EAGAIN;
    if (waiting->pcb) {
        tcp_backlog_accepted(waiting->pcb);
        inet_address_write(&waiting->base, &waiting->pcb->remote_ip, waiting->pcb->remote_port, peer, size);
    } else {
        inet_address_write(&waiting->base, IP_ANY_TYPE, 0, peer, size);
    }
    *accepted = &waiting->base.file;
    return 0;
}
