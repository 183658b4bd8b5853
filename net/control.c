/* control.c: see control.h. A parent that does not read its answers is not read from either. */
#define _GNU_SOURCE
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "host/loop.h"
#include "net/listener.h"
#include "net/port.h"

#define REQUESTS_A_TURN 16 /* before the guests have their turn */

struct control {
    struct net *net;
    int socket;
    struct loop_source *source;
    bool has_reply; /* not sent yet */
    struct net_reply reply;
};

static int take_socket(int *fds, size_t count, struct error *err)
{
    if (count == 1)
        return fd_take(&fds[0]);
    return error_set(err, EINVAL, "take request", NULL, "it came with %zu descriptors instead of one", count);
}

static int add_port(struct net *net, const struct net_request *request, int *fds, size_t count,
                    struct net_reply *reply, struct error *err)
{
    int socket = take_socket(fds, count, err);
    if (socket < 0)
        return socket;
    const struct port *port = port_add(net, &request->u.port, socket, err);
    if (port == NULL)
        return -err->code;
    port_describe(port, &reply->port);
    return 0;
}

static int with_port(struct net *net, const struct net_request *request, struct net_reply *reply,
                     struct error *err)
{
    struct port *port = port_find(net, request->u.port.id);
    if (port == NULL && request->op == NET_OP_QUERY && request->u.port.id == 0)
        return 0;
    if (port == NULL)
        return error_set(err, ENOENT, "find port", NULL, "there is no port %llu",
                         (unsigned long long)request->u.port.id);
    port_describe(port, &reply->port);
    if (request->op == NET_OP_PORT_REMOVE)
        port_remove(port);
    return 0;
}

static int add_listener(struct net *net, const struct net_request *request, int *fds, size_t count,
                        struct error *err)
{
    int socket = take_socket(fds, count, err);
    return socket < 0 ? socket : listener_add(net, &request->u.listen, socket, err);
}

static int set_limit(struct net *net, const struct net_limit *wanted, struct error *err)
{
    struct port *port = port_find(net, wanted->port_id);
    if (port == NULL)
        return error_set(err, ENOENT, "limit port", NULL, "there is no port %llu",
                         (unsigned long long)wanted->port_id);
    limit_set(&port->to_guest, wanted->bytes, wanted->packets, loop_now());
    limit_set(&port->from_guest, wanted->bytes, wanted->packets, loop_now());
    return 0;
}

static int connect_guest(struct net *net, const struct net_request *request, int *fds, size_t count,
                         struct error *err)
{
    int socket = take_socket(fds, count, err);
    return socket < 0 ? socket : listener_connect(net, &request->u.listen, socket, err);
}

static int carry_out(struct net *net, const struct net_request *request, int *fds, size_t count,
                     struct net_reply *reply, struct error *err)
{
    if (request->version != NET_CONTROL_VERSION)
        return error_set(err, EPROTO, "take request", NULL, "version %u is not ours (%u)", request->version,
                         NET_CONTROL_VERSION);
    if (request->op == NET_OP_CONFIGURE)
        return net_configure(net, &request->u.network, err);
    if (!net->configured)
        return error_set(err, EINVAL, "take request", NULL, "the network has not been configured");
    switch (request->op) {
    case NET_OP_PORT_ADD:
        return add_port(net, request, fds, count, reply, err);
    case NET_OP_PORT_REMOVE:
    case NET_OP_QUERY:
        return with_port(net, request, reply, err);
    case NET_OP_LISTEN_ADD:
        return add_listener(net, request, fds, count, err);
    case NET_OP_CONNECT:
        return connect_guest(net, request, fds, count, err);
    case NET_OP_LIMIT:
        return set_limit(net, &request->u.limit, err);
    case NET_OP_LISTEN_REMOVE:
        return listener_remove(net, request->u.listen.id, err);
    default:
        return error_set(err, ENOSYS, "take request", NULL, "operation %u is not known", request->op);
    }
}

void control_answer(struct net *net, const struct net_request *request, int *fds, size_t count,
                    struct net_reply *reply)
{
    struct error err = {0};
    *reply = (struct net_reply){.version = NET_CONTROL_VERSION, .sequence = request->sequence};
    reply->error = carry_out(net, request, fds, count, reply, &err);
    if (reply->error == 0)
        reply->network = net->config;
    else
        snprintf(reply->text, sizeof reply->text, "%.255s", err.text);
    for (size_t i = 0; i < count; i++)
        fd_close(&fds[i]);
}

/* False if the reply has to wait until the parent has read others. */
static bool send_reply(struct control *control)
{
    ssize_t n = fd_send(control->socket, &control->reply, sizeof control->reply, NULL, 0, MSG_DONTWAIT);
    control->has_reply = n == -EAGAIN;
    loop_change(control->source, control->has_reply ? EPOLLOUT : EPOLLIN);
    return !control->has_reply;
}

/* False when there is no more to read for now. */
static bool serve_one(struct control *control)
{
    struct net_request request = {0};
    int fds[FD_PASS_MAX];
    size_t count = FD_PASS_MAX;
    ssize_t n = fd_receive(control->socket, &request, sizeof request, fds, &count, MSG_DONTWAIT);
    if (n == -EAGAIN)
        return false;
    if (n == 0 || n == -ECONNRESET) {
        loop_stop(control->net->loop);
        return false;
    }
    if (n != (ssize_t)sizeof request)
        request.version = 0; /* whatever it is, it is not our version's request */
    control_answer(control->net, &request, fds, count, &control->reply);
    return send_reply(control);
}

static void on_event(void *context, uint32_t events)
{
    struct control *control = context;
    (void)events;
    if (control->has_reply && !send_reply(control))
        return;
    for (int i = 0; i < REQUESTS_A_TURN && serve_one(control); i++)
        continue;
}

struct control *control_open(struct net *net, int socket, struct error *err)
{
    struct control *control = calloc(1, sizeof *control);
    if (control == NULL) {
        error_set(err, ENOMEM, "open control", NULL, NULL);
        return NULL;
    }
    control->net = net;
    control->socket = socket;
    control->source = loop_add(net->loop, socket, EPOLLIN, on_event, control, err);
    if (control->source != NULL)
        return control;
    free(control);
    return NULL;
}

void control_close(struct control *control)
{
    if (control == NULL)
        return;
    loop_remove(&control->source);
    fd_close(&control->socket);
    free(control);
}
