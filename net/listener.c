/* listener.c: see listener.h. */
#define _GNU_SOURCE
#include "listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "host/error.h"
#include "host/fd.h"
#include "host/loop.h"
#include "net/connection.h"
#include "net/udp.h"

#define ACCEPT_BATCH     32        /* connections, before others have their turn */
#define CONNECTIONS_MAX  1024      /* of one port */
#define ACCEPT_PAUSE_NS  20000000u /* when a limit is reached; clients wait in the kernel's backlog */
#define DESCRIPTOR_SHARE 2         /* of all descriptors, one in so many may be a connection's */

static void start_accepting(void *context)
{
    struct listener *listener = context;
    listener->timer = NULL;
    loop_change(listener->source, EPOLLIN);
}

static void pause_accepting(struct listener *listener)
{
    listener->timer = loop_after(listener->net->loop, ACCEPT_PAUSE_NS, start_accepting, listener, NULL);
    if (listener->timer != NULL)
        loop_change(listener->source, 0);
}

static void accept_clients(void *context, uint32_t events)
{
    struct listener *listener = context;
    const struct net *net = listener->net;
    (void)events;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        if (listener->port->connection_count >= CONNECTIONS_MAX ||
            net->connection_count >= net->descriptor_limit / DESCRIPTOR_SHARE) {
            pause_accepting(listener);
            return;
        }
        int client = accept4(listener->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0) {
            connection_open(listener, client);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            if (errno != EAGAIN)
                pause_accepting(listener);
            return;
        }
    }
}

static int check_socket(const struct net_listen *wanted, int socket, struct error *err)
{
    int type = 0, listening = 0;
    socklen_t size = sizeof type;
    getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size);
    size = sizeof listening;
    getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
    bool fits = wanted->protocol == NET_TCP   ? type == SOCK_STREAM && listening
                : wanted->protocol == NET_UDP ? type == SOCK_DGRAM
                                              : false;
    if (!fits)
        return error_set(err, EINVAL, "add listener", NULL, "its socket is not one for its protocol");
    return 0;
}

static int check_wanted(const struct net *net, const struct net_listen *wanted, int socket, struct error *err)
{
    if (wanted->id == 0 || wanted->guest_port == 0)
        return error_set(err, EINVAL, "add listener", NULL, "number and port must not be 0");
    if (table_find(&net->listeners, wanted->id) != NULL)
        return error_set(err, EEXIST, "add listener", NULL, "number %llu is taken",
                         (unsigned long long)wanted->id);
    if (port_find(net, wanted->port_id) == NULL)
        return error_set(err, ENOENT, "add listener", NULL, "there is no port %llu",
                         (unsigned long long)wanted->port_id);
    return check_socket(wanted, socket, err);
}

static void close_listener(struct listener *listener)
{
    connection_close_all(listener->port, listener);
    udp_close_all(listener);
    table_free(&listener->mappings);
    loop_cancel(&listener->timer);
    loop_remove(&listener->source);
    fd_close(&listener->socket);
    table_remove(&listener->net->listeners, &listener->by_id);
    *listener->link = listener->next;
    if (listener->next != NULL)
        listener->next->link = listener->link;
    free(listener);
}

static struct listener *create(struct net *net, const struct net_listen *wanted, int socket)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return NULL;
    struct port *port = port_find(net, wanted->port_id);
    *listener = (struct listener){.net = net,
                                  .port = port,
                                  .next = port->listeners,
                                  .link = &port->listeners,
                                  .id = wanted->id,
                                  .guest_port = wanted->guest_port,
                                  .protocol = wanted->protocol,
                                  .socket = socket};
    if (port->listeners != NULL)
        port->listeners->link = &listener->next;
    port->listeners = listener;
    return listener;
}

int listener_add(struct net *net, const struct net_listen *wanted, int socket, struct error *err)
{
    int result = check_wanted(net, wanted, socket, err);
    if (result == 0 && (result = fd_set_nonblocking(socket, 1)) < 0)
        error_set(err, -result, "add listener", NULL, NULL);
    struct listener *listener = result == 0 ? create(net, wanted, socket) : NULL;
    if (listener == NULL) {
        fd_close(&socket);
        return result < 0 ? result : error_set(err, ENOMEM, "add listener", NULL, NULL);
    }
    loop_function *function = wanted->protocol == NET_TCP ? accept_clients : udp_receive;
    listener->source = loop_add(net->loop, socket, EPOLLIN, function, listener, err);
    if (listener->source != NULL && table_add(&net->listeners, &listener->by_id, wanted->id, listener) == 0)
        return 0;
    close_listener(listener);
    return error_set(err, ENOMEM, "add listener", NULL, NULL);
}

static int check_connect(const struct net *net, const struct port *port, const struct net_listen *wanted,
                         int socket, struct error *err)
{
    int type = 0;
    socklen_t size = sizeof type;
    if (port == NULL)
        return error_set(err, ENOENT, "connect", NULL, "there is no port %llu",
                         (unsigned long long)wanted->port_id);
    if (wanted->guest_port == 0 || getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
        type != SOCK_STREAM)
        return error_set(err, EINVAL, "connect", NULL, "its port is 0 or its socket is no stream");
    if (port->connection_count >= CONNECTIONS_MAX ||
        net->connection_count >= net->descriptor_limit / DESCRIPTOR_SHARE)
        return error_set(err, EMFILE, "connect", NULL, "too many connections");
    return 0;
}

int listener_connect(struct net *net, const struct net_listen *wanted, int socket, struct error *err)
{
    struct port *port = port_find(net, wanted->port_id);
    int result = check_connect(net, port, wanted, socket, err);
    if (result == 0 && (result = fd_set_nonblocking(socket, 1)) < 0)
        error_set(err, -result, "connect", NULL, NULL);
    if (result < 0)
        fd_close(&socket);
    else
        connection_open_to(port, wanted->guest_port, socket);
    return result;
}

int listener_remove(struct net *net, uint64_t id, struct error *err)
{
    struct listener *listener = table_find(&net->listeners, id);
    if (listener == NULL)
        return error_set(err, ENOENT, "remove listener", NULL, "there is no listener %llu",
                         (unsigned long long)id);
    close_listener(listener);
    return 0;
}

void listener_remove_all(struct port *port)
{
    while (port->listeners != NULL)
        close_listener(port->listeners);
    connection_close_all(port, NULL); /* those that were asked for without a listener */
}

void listener_port_ready(struct port *port)
{
    connection_port_ready(port);
}

void listener_port_gone(struct port *port)
{
    connection_close_all(port, NULL);
    for (struct listener *listener = port->listeners; listener != NULL; listener = listener->next) {
        udp_close_all(listener);
        listener->reached = false;
    }
}
