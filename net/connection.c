/*
 * connection.c: see connection.h.
 *
 * lwIP forbids to abort a connection inside its callbacks without saying so in their result; failures
 * are therefore only noted (FAILED) where they happen and settled at the end of each way into this file.
 */
#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* lwIP's names for what the C library's header names too. */
#undef TCP_MSS
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include "host/buffer.h"
#include "host/fd.h"
#include "host/loop.h"

#define GIVE_UP_NS     10000000000u /* a guest that answers nothing */
#define GRACE_NS       2000000000u /* after its first frame, a guest may refuse because it is still starting */
#define RETRY_FIRST_NS 2000000u
#define RETRY_MOST_NS  256000000u
#define UNSEEN_NS                                                                                            \
    1000000000u /* between attempts at a guest that has sent nothing: they wait in its socket                \
                 */
#define IPV6_AFTER_NS                                                                                        \
    200000000u             /* a guest that speaks only IPv6 so long after its first frame has no IPv4        \
                            */
#define READ_SIZE   65535u /* what lwIP takes at once */
#define READ_ROUNDS 4
#define SEND_PARTS  16

struct connection {
    struct net *net;
    struct listener *listener; /* NULL: the parent asked for this one */
    uint16_t guest_port;
    struct port *port;
    struct connection *next, **link;
    int client;
    struct loop_source *source; /* NULL while nothing is expected of the client */
    struct tcp_pcb *guest;      /* NULL: refused for now, or done with */
    struct loop_timer *timer;   /* until the next attempt */
    uint64_t opened_ns, retry_ns;
    struct buffer pending; /* for the client */
    bool established, failed;
    bool client_ended, guest_ended; /* no more bytes from there */
    bool shut;                      /* the client has been told that the guest ended */
};

static void connect_guest(struct connection *c);

static void release_guest(struct connection *c)
{
    if (c->guest == NULL)
        return;
    tcp_arg(c->guest, NULL);
    tcp_recv(c->guest, NULL);
    tcp_sent(c->guest, NULL);
    tcp_err(c->guest, NULL);
}

static void destroy(struct connection *c)
{
    loop_cancel(&c->timer);
    loop_remove(&c->source);
    fd_close(&c->client);
    buffer_free(&c->pending);
    *c->link = c->next;
    if (c->next != NULL)
        c->next->link = c->link;
    c->port->connection_count--;
    c->net->connection_count--;
    free(c);
}

static void reset(struct connection *c)
{
    const struct linger now = {.l_onoff = 1};
    release_guest(c);
    if (c->guest != NULL)
        tcp_abort(c->guest);
    setsockopt(c->client, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    destroy(c);
}

static bool is_done(const struct connection *c)
{
    return c->guest_ended && c->client_ended && c->pending.size == 0;
}

/* The last step of every way in: what is over is freed. The result is for lwIP. */
static err_t settle(struct connection *c)
{
    if (c->failed) {
        reset(c);
        return ERR_ABRT;
    }
    if (c->guest != NULL && c->guest_ended && c->client_ended) {
        /* Both directions have ended: what is left of the closing is lwIP's alone. */
        release_guest(c);
        tcp_close(c->guest);
        c->guest = NULL;
    }
    if (is_done(c))
        destroy(c);
    return ERR_OK;
}

static size_t room_for_guest(const struct connection *c)
{
    if (!c->established || c->client_ended || c->guest == NULL ||
        tcp_sndqueuelen(c->guest) >= TCP_SND_QUEUELEN / 2)
        return 0;
    /* A guest may choose a tiny segment size: the queue's length limits as well as its bytes. */
    size_t segments = (TCP_SND_QUEUELEN - tcp_sndqueuelen(c->guest)) / 2u * (size_t)tcp_mss(c->guest);
    size_t room = tcp_sndbuf(c->guest) < segments ? tcp_sndbuf(c->guest) : segments;
    return room < READ_SIZE ? room : READ_SIZE;
}

static void client_event(void *context, uint32_t events);

static void watch(struct connection *c)
{
    uint32_t events = (room_for_guest(c) > 0 ? EPOLLIN : 0u) | (c->pending.size > 0 ? EPOLLOUT : 0u);
    if (c->source != NULL)
        loop_change(c->source, events);
    else if (events != 0)
        c->source = loop_add(c->net->loop, c->client, events, client_event, c, NULL);
}

static void end_client(struct connection *c)
{
    c->client_ended = true;
    /* Who asked itself is told no more: what a guest does not end must not pile up. */
    if (c->listener == NULL)
        c->failed = true;
    else if (tcp_shutdown(c->guest, 0, 1) != ERR_OK)
        c->failed = true;
}

/* One read from the client; false when there is nothing more for now. */
static bool relay_once(struct connection *c)
{
    static uint8_t space[READ_SIZE];
    size_t room = room_for_guest(c);
    if (room == 0)
        return false;
    ssize_t n = recv(c->client, space, room, MSG_DONTWAIT);
    if (n > 0) {
        c->failed = tcp_write(c->guest, space, (u16_t)n, TCP_WRITE_FLAG_COPY) != ERR_OK;
        return !c->failed && (size_t)n == room;
    }
    if (n == 0)
        end_client(c);
    else if (errno != EAGAIN && errno != EINTR)
        c->failed = true;
    return false;
}

static void relay_to_guest(struct connection *c)
{
    for (int i = 0; i < READ_ROUNDS && relay_once(c); i++)
        continue;
    if (c->guest != NULL && !c->failed)
        tcp_output(c->guest);
}

static void acknowledge(struct connection *c, size_t size)
{
    while (c->guest != NULL && size > 0) {
        u16_t part = size < UINT16_MAX ? (u16_t)size : UINT16_MAX;
        tcp_recved(c->guest, part);
        size -= part;
    }
}

static size_t send_to_client(struct connection *c, const struct iovec *parts, size_t count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = count};
    ssize_t n = sendmsg(c->client, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        c->failed = true;
    return n > 0 ? (size_t)n : 0;
}

static void flush_pending(struct connection *c)
{
    if (c->pending.size > 0) {
        const struct iovec part = {.iov_base = c->pending.data, .iov_len = c->pending.size};
        size_t sent = send_to_client(c, &part, 1);
        buffer_consume(&c->pending, sent);
        acknowledge(c, sent);
    }
    if (c->pending.size == 0 && c->guest_ended && !c->shut) {
        shutdown(c->client, SHUT_WR);
        c->shut = true;
    }
}

/* The client takes what it can at once; only the rest is copied, and the guest's window stays shut for it. */
static void relay_to_client(struct connection *c, const struct pbuf *p)
{
    struct iovec parts[SEND_PARTS];
    size_t sent = 0, count = 0;
    for (const struct pbuf *q = p; q != NULL && count < SEND_PARTS; q = q->next)
        parts[count++] = (struct iovec){.iov_base = q->payload, .iov_len = q->len};
    if (c->pending.size == 0)
        sent = send_to_client(c, parts, count);
    acknowledge(c, sent);
    for (const struct pbuf *q = p; q != NULL; q = q->next) {
        size_t skip = sent < q->len ? sent : q->len;
        sent -= skip;
        if (buffer_append(&c->pending, (const uint8_t *)q->payload + skip, q->len - skip) < 0)
            c->failed = true;
    }
}

static err_t on_received(void *context, struct tcp_pcb *guest, struct pbuf *p, err_t error)
{
    struct connection *c = context;
    (void)guest;
    (void)error;
    if (p == NULL)
        c->guest_ended = true;
    else
        relay_to_client(c, p);
    if (p != NULL)
        pbuf_free(p);
    flush_pending(c);
    watch(c);
    return settle(c);
}

static err_t on_sent(void *context, struct tcp_pcb *guest, u16_t size)
{
    struct connection *c = context;
    (void)guest;
    (void)size;
    relay_to_guest(c);
    watch(c);
    return settle(c);
}

static err_t on_connected(void *context, struct tcp_pcb *guest, err_t error)
{
    struct connection *c = context;
    (void)guest;
    (void)error;
    c->established = true;
    if (c->listener != NULL)
        c->listener->reached = true;
    else if (send(c->client, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
        c->failed = true;
    loop_cancel(&c->timer);
    relay_to_guest(c);
    watch(c);
    return settle(c);
}

static void retry(void *context);

static void retry_later(struct connection *c, uint64_t delay_ns)
{
    loop_cancel(&c->timer);
    c->timer = loop_after(c->net->loop, delay_ns, retry, c, NULL);
    if (c->timer == NULL)
        c->failed = true;
}

static bool is_starting(const struct connection *c)
{
    uint64_t now = loop_now();
    return c->listener != NULL && !c->listener->reached && now - c->opened_ns < GIVE_UP_NS &&
           (c->port->seen_ns == 0 || now - c->port->seen_ns < GRACE_NS);
}

/* lwIP has freed its end: reset or refused by the guest, or both directions have ended. */
static void on_error(void *context, err_t error)
{
    struct connection *c = context;
    c->guest = NULL;
    if (error == ERR_CLSD)
        c->guest_ended = c->client_ended = true;
    else if (!c->established && is_starting(c))
        retry_later(c, RETRY_FIRST_NS);
    else
        c->failed = true;
    settle(c);
}

static bool wants_ipv6(const struct port *port)
{
    return port->seen6 && !port->seen4 && loop_now() - port->seen_ns > IPV6_AFTER_NS;
}

static void set_addresses(const struct connection *c, ip_addr_t *from, ip_addr_t *to)
{
    *from = *to = (ip_addr_t){0};
    if (wants_ipv6(c->port)) {
        memcpy(ip_2_ip6(from)->addr, c->net->gateway6, 16);
        memcpy(ip_2_ip6(to)->addr, c->port->ipv6, 16);
        IP_SET_TYPE_VAL(*from, IPADDR_TYPE_V6);
        IP_SET_TYPE_VAL(*to, IPADDR_TYPE_V6);
    } else {
        memcpy(&ip_2_ip4(from)->addr, c->net->gateway, 4);
        memcpy(&ip_2_ip4(to)->addr, c->port->ipv4, 4);
    }
}

static void connect_guest(struct connection *c)
{
    ip_addr_t from, to;
    c->guest = tcp_new();
    if (c->guest == NULL) {
        c->failed = true;
        return;
    }
    set_addresses(c, &from, &to);
    tcp_arg(c->guest, c);
    tcp_recv(c->guest, on_received);
    tcp_sent(c->guest, on_sent);
    tcp_err(c->guest, on_error);
    tcp_nagle_disable(c->guest);
    c->failed = tcp_bind(c->guest, &from, 0) != ERR_OK ||
                tcp_connect(c->guest, &to, c->guest_port, on_connected) != ERR_OK;
}

/* lwIP's own retransmission is too slow for a guest that starts in milliseconds: retry() does it. */
static void hold_timer(struct connection *c)
{
    if (c->guest != NULL && !c->established) {
        c->guest->rtime = -1;
        c->guest->nrtx = 0;
    }
}

static void ask_again(struct connection *c)
{
    if (c->guest != NULL && wants_ipv6(c->port) != (bool)IP_IS_V6(&c->guest->remote_ip)) {
        release_guest(c);
        tcp_abort(c->guest);
        c->guest = NULL;
    }
    if (c->guest == NULL)
        connect_guest(c);
    else if (c->guest->unacked != NULL)
        tcp_rexmit_rto(c->guest);
    else
        tcp_output(c->guest);
    hold_timer(c);
}

static void retry(void *context)
{
    struct connection *c = context;
    c->timer = NULL;
    if (loop_now() - c->opened_ns >= GIVE_UP_NS)
        c->failed = true;
    else
        ask_again(c);
    if (!c->failed && c->port->seen_ns == 0) {
        retry_later(c, UNSEEN_NS);
    } else if (!c->failed) {
        retry_later(c, c->retry_ns);
        c->retry_ns = c->retry_ns < RETRY_MOST_NS / 2 ? c->retry_ns * 2 : RETRY_MOST_NS;
    }
    settle(c);
}

static void client_event(void *context, uint32_t events)
{
    struct connection *c = context;
    if ((events & EPOLLERR) || ((events & EPOLLHUP) && c->listener == NULL))
        c->failed = true;
    if (!c->failed && (events & EPOLLOUT))
        flush_pending(c);
    if (!c->failed && (events & (EPOLLIN | EPOLLHUP)))
        relay_to_guest(c);
    /* A hang-up is reported for ever, wanted or not: look again when there is something to do. */
    if (events & EPOLLHUP)
        loop_remove(&c->source);
    if (!c->failed)
        watch(c);
    settle(c);
}

static void open_connection(struct port *port, struct listener *listener, uint16_t guest_port, int client)
{
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL) {
        fd_close(&client);
        return;
    }
    *c = (struct connection){.net = port->net,
                             .listener = listener,
                             .guest_port = guest_port,
                             .port = port,
                             .next = port->connections,
                             .link = &port->connections,
                             .client = client,
                             .opened_ns = loop_now(),
                             .retry_ns = RETRY_FIRST_NS,
                             .pending.limit = 2u * TCP_WND};
    if (port->connections != NULL)
        port->connections->link = &c->next;
    port->connections = c;
    port->connection_count++;
    c->net->connection_count++;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    c->source = loop_add(c->net->loop, client, 0, client_event, c, NULL);
    connect_guest(c);
    hold_timer(c);
    if (!c->failed)
        retry_later(c, port->seen_ns != 0 ? RETRY_FIRST_NS * 2 : UNSEEN_NS);
    settle(c);
}

void connection_open(struct listener *listener, int client)
{
    open_connection(listener->port, listener, listener->guest_port, client);
}

void connection_open_to(struct port *port, uint16_t guest_port, int client)
{
    open_connection(port, NULL, guest_port, client);
}

void connection_close_all(struct port *port, const struct listener *listener)
{
    struct connection *next;
    for (struct connection *c = port->connections; c != NULL; c = next) {
        next = c->next;
        if (listener == NULL || c->listener == listener)
            reset(c);
    }
}

void connection_port_ready(struct port *port)
{
    struct connection *next;
    for (struct connection *c = port->connections; c != NULL; c = next) {
        next = c->next;
        if (c->established) {
            relay_to_guest(c);
            watch(c);
            settle(c);
        } else {
            c->retry_ns = RETRY_FIRST_NS;
            loop_cancel(&c->timer);
            retry(c);
        }
    }
}
