/* tcp.h: what the parts of stream sockets share. */
#ifndef LIBOS_POSIX_TCP_H
#define LIBOS_POSIX_TCP_H

#include "libos/posix/inet.h"

#include <lwip/tcp.h>

#define TCP_PART_MAX 32768u /* bytes that are handed to lwIP at once */

enum tcp_socket_state {
    TCP_IDLE,
    TCP_LISTENING,
    TCP_CONNECTING,
    TCP_CONNECTED,
    TCP_OVER /* refused, reset or timed out: there is no control block any more */
};

struct tcp_socket {
    struct inet_socket base; /* first: a file is one */
    struct tcp_pcb *pcb;
    struct pbuf *received; /* came and was not read */
    enum tcp_socket_state state;
    bool peer_closed, shut_read, shut_write, reset_on_close;
    /* Of one that listens: connections that nobody has accepted yet, in order. */
    struct tcp_socket *waiting_first, **waiting_last, *waiting_next;
};

/* A socket without a control block; NULL: no memory. */
struct tcp_socket *tcp_socket_make(int family, int flags);

/* Gives SOCKET its control block. */
void tcp_socket_attach(struct tcp_socket *socket, struct tcp_pcb *pcb);

/* The first connection that waits to be accepted, or NULL. */
struct tcp_socket *tcp_socket_take_waiting(struct tcp_socket *socket);

/* Copies what came, and leaves it there. */
ssize_t tcp_socket_peek(struct tcp_socket *socket, void *data, size_t size);

/* As of struct socket_ops. */
int tcp_socket_listen(struct file *file, int backlog);
int tcp_socket_accept(struct file *file, struct file **accepted, struct sockaddr_storage *peer,
                      socklen_t *size);
int tcp_socket_set_option(struct file *file, int level, int name, const void *value, socklen_t size);
int tcp_socket_get_option(struct file *file, int level, int name, void *value, socklen_t *size);

#endif
