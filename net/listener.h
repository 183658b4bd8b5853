/*
 * listener.h: the host's sockets through which the outside reaches a guest.
 *
 * The parent binds and listens; a client is thus taken by the kernel's backlog from the moment the parent
 * said where the service is, whether or not the guest has started. A TCP client is relayed by
 * connection.h, datagrams by udp.h.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "net/port.h"

struct mapping;

struct listener {
    struct net *net;
    struct port *port;
    struct listener *next, **link; /* in the port's list */
    struct table_entry by_id;
    uint64_t id;
    uint16_t guest_port;
    enum net_protocol protocol;
    bool reached; /* the guest has accepted a connection on it since it started */
    int socket;
    struct loop_source *source;
    struct loop_timer *timer; /* TCP: until it accepts again; UDP: until mappings are swept */
    struct table mappings;    /* UDP: of struct mapping, by client */
};

/*
 * Adds the listener that WANTED describes on SOCKET, which becomes the listener's: a listening TCP socket
 * or a bound UDP socket. 0; -ENOENT (no such port), -EEXIST, -EINVAL, -ENOMEM, with SOCKET closed.
 */
int listener_add(struct net *net, const struct net_listen *wanted, int socket, struct error *err);

/*
 * Connects SOCKET, which becomes the connection's, to WANTED's guest_port of port_id once, without a listener
 * (NET_OP_CONNECT). 0; -ENOENT (no such port), -EINVAL, -EMFILE, with SOCKET closed.
 */
int listener_connect(struct net *net, const struct net_listen *wanted, int socket, struct error *err);

/* Closes the listener and what came through it. 0 or -ENOENT. */
int listener_remove(struct net *net, uint64_t id, struct error *err);

/* Closes all listeners of PORT and every connection to it, those without a listener too. */
void listener_remove_all(struct port *port);

/* The port's guest sent its first frame, or its socket takes frames again. */
void listener_port_ready(struct port *port);

/* The port's guest is gone: what came through its listeners is reset; they go on listening. */
void listener_port_gone(struct port *port);

#endif
