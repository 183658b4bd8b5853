/*
 * inet.h: what the sockets of the Internet protocols share: addresses, errors, and the network below.
 *
 * The protocols are lwIP's, called directly: threads are cooperative, so that its callbacks (from net_run(),
 * while somebody waits) and the calls of programs never meet.
 */
#ifndef LIBOS_POSIX_INET_H
#define LIBOS_POSIX_INET_H

#include "libos/kernel/sched.h"
#include "libos/posix/socket.h"

#include <lwip/err.h>
#include <lwip/ip_addr.h>

/* What every socket has of its own beside its protocol's. */
struct inet_socket {
    struct file file;
    int family; /* AF_INET or AF_INET6 */
    int error;  /* a positive errno that SO_ERROR gives, once; 0: none */
    bool only_v6;
    solo5_time_t send_timeout, receive_timeout; /* nanoseconds; SCHED_NEVER: none */
};

/* Starts the network at the first socket, and waits until it has an address, INET_WAIT at most. 0 or
 * -ENETDOWN. */
int inet_start(void);

/* Fills in what all sockets begin with. */
void inet_open(struct inet_socket *socket, const struct file_ops *ops, int family, int flags);

/* lwIP's error as a negative errno. */
int inet_errno(err_t error);

/* Reads ADDRESS for SOCKET: 0, -EINVAL (too short) or -EAFNOSUPPORT. An IPv4 address in IPv6 form is one. */
int inet_address_read(const struct inet_socket *socket, const struct sockaddr *address, socklen_t size,
                      ip_addr_t *ip, uint16_t *port);

/* Writes IP and PORT as SOCKET's family has them. */
void inet_address_write(const struct inet_socket *socket, const ip_addr_t *ip, uint16_t port,
                        struct sockaddr_storage *address, socklen_t *size);

/* The options that every socket has; -ENOPROTOOPT: it is another. OPTIONS are the bits SOF_* of the control
 * block. */
int inet_set_option(struct inet_socket *socket, uint8_t *options, int level, int name, const void *value,
                    socklen_t size);
int inet_get_option(struct inet_socket *socket, const uint8_t *options, int level, int name, void *value,
                    socklen_t *size);
solo5_time_t inet_timeout(struct file *file, bool sending);

int tcp_socket_open(int family, int flags, struct file **file);
int udp_socket_open(int family, int flags, struct file **file);

#endif
