/* port.c: see port.h. */
#define _GNU_SOURCE
#include "port.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "host/error.h"
#include "host/fd.h"
#include "host/loop.h"
#include "net/dns.h"
#include "net/egress.h"
#include "net/lease.h"
#include "net/listener.h"
#include "net/ndp.h"
#include "net/switch.h"

#define BATCH_FRAMES  64
#define BATCH_ROUNDS  4             /* of receiving, before the other ports have their turn */
#define SOCKET_BUFFER (1024 * 1024) /* bytes; the kernel grants less without privilege */

struct port_batch {
    uint8_t *frames; /* BATCH_FRAMES of net->frame_max + 1 bytes */
    struct mmsghdr received[BATCH_FRAMES];
    struct iovec received_parts[BATCH_FRAMES];
    struct port *to; /* of the gathered frames */
    unsigned count;
    struct mmsghdr gathered[BATCH_FRAMES];
    struct iovec gathered_parts[BATCH_FRAMES];
};

int port_batch_open(struct net *net, struct error *err)
{
    struct port_batch *batch = calloc(1, sizeof *batch);
    /* One byte more than the longest frame shows which one is too long. */
    size_t size = net->frame_max + 1;
    uint8_t *frames = malloc(BATCH_FRAMES * size);
    if (batch == NULL || frames == NULL) {
        free(batch);
        free(frames);
        return error_set(err, ENOMEM, "make room for frames", NULL, NULL);
    }
    batch->frames = frames;
    for (size_t i = 0; i < BATCH_FRAMES; i++) {
        batch->received_parts[i] = (struct iovec){.iov_base = frames + i * size, .iov_len = size};
        batch->received[i].msg_hdr = (struct msghdr){.msg_iov = &batch->received_parts[i], .msg_iovlen = 1};
        batch->gathered[i].msg_hdr = (struct msghdr){.msg_iov = &batch->gathered_parts[i], .msg_iovlen = 1};
    }
    net->batch = batch;
    return 0;
}

void port_batch_close(struct net *net)
{
    if (net->batch != NULL)
        free(net->batch->frames);
    free(net->batch);
    net->batch = NULL;
}

/* The guest's end is closed: the port stays until the parent removes it or gives it another socket. */
static void close_socket(struct port *port)
{
    loop_remove(&port->source);
    fd_close(&port->socket);
    port->full = false;
}

static void set_full(struct port *port)
{
    if (port->full)
        return;
    port->full = true;
    loop_change(port->source, EPOLLIN | EPOLLOUT);
}

static void set_ready(struct port *port)
{
    port->full = false;
    loop_change(port->source, EPOLLIN);
    listener_port_ready(port);
    egress_port_ready(port);
}

static void first_frame(struct port *port)
{
    port->seen_ns = loop_now();
    listener_port_ready(port);
}

/* Above its limit a frame is lost, as on a wire that is full. */
static bool is_above(struct limit *limit, size_t size)
{
    return limit_is_set(limit) && !limit_pass(limit, size, loop_now());
}

static void take_frame(struct port *port, const uint8_t *frame, size_t size)
{
    port->tx_packets++;
    port->tx_bytes += size;
    if (size > port->net->frame_max || is_above(&port->from_guest, size))
        port->dropped++;
    else
        switch_input(port, frame, size);
    if (port->seen_ns == 0 && (port->seen4 || port->seen6))
        first_frame(port);
}

static void receive(struct port *port)
{
    struct port_batch *batch = port->net->batch;
    for (int round = 0; round < BATCH_ROUNDS && port->socket >= 0; round++) {
        int n = recvmmsg(port->socket, batch->received, BATCH_FRAMES, MSG_DONTWAIT, NULL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        for (int i = 0; i < n; i++)
            if (batch->received[i].msg_len > 0)
                take_frame(port, batch->received_parts[i].iov_base, batch->received[i].msg_len);
        port_flush(port->net);
        /* An empty packet is the end of a SEQPACKET socket. */
        if (n <= 0 || batch->received[n - 1].msg_len == 0)
            close_socket(port);
        else if (n < BATCH_FRAMES)
            return;
    }
}

static void socket_event(void *context, uint32_t events)
{
    struct port *port = context;
    if (events & EPOLLOUT)
        set_ready(port);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive(port);
}

static size_t size_of(const struct iovec *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += parts[i].iov_len;
    return size;
}

int port_send_parts(struct port *port, const struct iovec *parts, size_t count)
{
    if (port->socket < 0)
        return -EPIPE;
    if (port->net->batch->count > 0)
        port_flush(port->net);
    if (port->full)
        return -EAGAIN;
    if (limit_is_set(&port->to_guest) && is_above(&port->to_guest, size_of(parts, count))) {
        port->dropped++;
        return 0;
    }
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = count};
    ssize_t n = sendmsg(port->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != ENOBUFS)
        return -EPIPE;
    if (n < 0) {
        set_full(port);
        return -EAGAIN;
    }
    port->rx_packets++;
    port->rx_bytes += (uint64_t)n;
    return 0;
}

void port_send(struct port *port, const uint8_t *frame, size_t size)
{
    struct iovec part = {.iov_base = (uint8_t *)(uintptr_t)frame, .iov_len = size};
    if (port_send_parts(port, &part, 1) < 0)
        port->dropped++;
}

static void count_gathered(struct port *port, unsigned sent)
{
    struct port_batch *batch = port->net->batch;
    for (unsigned i = 0; i < sent; i++)
        port->rx_bytes += batch->gathered_parts[i].iov_len;
    port->rx_packets += sent;
    port->dropped += batch->count - sent;
}

void port_flush(struct net *net)
{
    struct port_batch *batch = net->batch;
    struct port *port = batch->to;
    if (batch->count == 0)
        return;
    int sent = -1;
    if (port->socket >= 0 && !port->full) {
        sent = sendmmsg(port->socket, batch->gathered, batch->count, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < (int)batch->count && (sent >= 0 || errno == EAGAIN))
            set_full(port);
    }
    count_gathered(port, sent > 0 ? (unsigned)sent : 0);
    batch->count = 0;
    batch->to = NULL;
}

void port_forward(struct port *port, const uint8_t *frame, size_t size)
{
    struct port_batch *batch = port->net->batch;
    if (is_above(&port->to_guest, size)) {
        port->dropped++;
        return;
    }
    if (batch->count > 0 && (batch->to != port || batch->count == BATCH_FRAMES))
        port_flush(port->net);
    batch->to = port;
    batch->gathered_parts[batch->count++] =
        (struct iovec){.iov_base = (uint8_t *)(uintptr_t)frame, .iov_len = size};
}

int port_check_name(const char *name, struct error *err)
{
    size_t label = 0;
    const char *p = name;
    for (; *p != '\0'; p++) {
        bool letter = isalnum((unsigned char)*p) || *p == '-' || *p == '_';
        if (!letter && !(*p == '.' && label > 0))
            return error_set(err, EINVAL, "check name", name,
                             "only letters, digits, '-', '_' and single dots");
        label = letter ? label + 1 : 0;
        if (label > 63)
            return error_set(err, EINVAL, "check name", name, "a label is longer than 63 characters");
    }
    if (label == 0 || p - name > 253)
        return error_set(err, EINVAL, "check name", name, "it is empty, ends in a dot or is too long");
    return 0;
}

static int attach(struct port *port, int socket, struct error *err)
{
    int size = SOCKET_BUFFER;
    int result = fd_set_nonblocking(socket, 1);
    if (result < 0)
        return error_set(err, -result, "use port's socket", port->name, NULL);
    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    port->source = loop_add(port->net->loop, socket, EPOLLIN, socket_event, port, err);
    if (port->source == NULL)
        return -ENOMEM;
    port->socket = socket;
    return 0;
}

static struct port *replace_socket(struct port *port, const struct net_port *wanted, int socket,
                                   struct error *err)
{
    if (memcmp(port->mac, wanted->mac, PACKET_MAC_SIZE) != 0 || strcasecmp(port->name, wanted->name) != 0) {
        error_set(err, EEXIST, "add port", port->name, "its number belongs to another port");
        fd_close(&socket);
        return NULL;
    }
    listener_port_gone(port);
    egress_close(port);
    close_socket(port);
    port->seen4 = port->seen6 = false;
    port->seen_ns = 0;
    if (attach(port, socket, err) == 0)
        return port;
    fd_close(&socket);
    return NULL;
}

static struct port *find_exact_name(const struct net *net, const char *name)
{
    uint64_t key = table_name_key(name);
    for (struct table_entry *e = table_next(&net->by_name, key, NULL); e != NULL;
         e = table_next(&net->by_name, key, e)) {
        struct port *port = e->owner;
        if (strcasecmp(port->name, name) == 0)
            return port;
    }
    return NULL;
}

static int check_wanted(const struct net *net, const struct net_port *wanted, struct error *err)
{
    static const uint8_t zero[PACKET_MAC_SIZE];
    if (memchr(wanted->name, '\0', NET_NAME_SIZE) == NULL)
        return error_set(err, EINVAL, "add port", NULL, "its name does not end");
    int result = port_check_name(wanted->name, err);
    if (result < 0)
        return result;
    if (wanted->id == 0)
        return error_set(err, EINVAL, "add port", wanted->name, "number 0 is no port's");
    if (packet_is_group(wanted->mac) || memcmp(wanted->mac, zero, sizeof zero) == 0 ||
        memcmp(wanted->mac, net->mac, sizeof zero) == 0)
        return error_set(err, EINVAL, "add port", wanted->name,
                         "its hardware address is a group's, zero or the gateway's");
    if (port_find_mac(net, wanted->mac) != NULL)
        return error_set(err, EEXIST, "add port", wanted->name, "another port has its hardware address");
    if (find_exact_name(net, wanted->name) != NULL)
        return error_set(err, EEXIST, "add port", wanted->name, "another port has its name");
    return 0;
}

static int enter_tables(struct port *port, struct error *err)
{
    struct net *net = port->net;
    port->link = &net->ports;
    port->next = net->ports;
    if (net->ports != NULL)
        net->ports->link = &port->next;
    net->ports = port;
    net->port_count++;
    if (table_add(&net->by_id, &port->by_id, port->id, port) < 0 ||
        table_add(&net->by_mac, &port->by_mac, packet_mac_key(port->mac), port) < 0 ||
        table_add(&net->by_ipv4, &port->by_ipv4, packet_ipv4_key(port->ipv4), port) < 0 ||
        table_add(&net->by_name, &port->by_name, table_name_key(port->name), port) < 0)
        return error_set(err, ENOMEM, "add port", port->name, NULL);
    return 0;
}

static struct port *create(struct net *net, const struct net_port *wanted, const uint8_t ipv4[static 4])
{
    struct port *port = calloc(1, sizeof *port);
    if (port == NULL)
        return NULL;
    port->net = net;
    port->socket = -1;
    port->id = wanted->id;
    memcpy(port->name, wanted->name, strlen(wanted->name));
    memcpy(port->mac, wanted->mac, PACKET_MAC_SIZE);
    memcpy(port->ipv4, ipv4, 4);
    packet_eui64(port->ipv6, net->config.subnet6, port->mac);
    packet_eui64(port->link6, net->link6, port->mac);
    return port;
}

struct port *port_add(struct net *net, const struct net_port *wanted, int socket, struct error *err)
{
    struct port *known = port_find(net, wanted->id);
    if (known != NULL)
        return replace_socket(known, wanted, socket, err);
    uint8_t ipv4[4];
    struct port *port = NULL;
    if (check_wanted(net, wanted, err) == 0 && lease_take(net, wanted->name, wanted->ipv4, ipv4, err) == 0) {
        port = create(net, wanted, ipv4);
        if (port == NULL)
            error_set(err, ENOMEM, "add port", wanted->name, NULL);
    }
    if (port == NULL) {
        fd_close(&socket);
        return NULL;
    }
    if (enter_tables(port, err) == 0 && attach(port, socket, err) == 0)
        return port;
    fd_close(&socket);
    port_remove(port);
    return NULL;
}

void port_remove(struct port *port)
{
    struct net *net = port->net;
    listener_remove_all(port);
    egress_close(port);
    dns_forget(port);
    close_socket(port);
    table_remove(&net->by_id, &port->by_id);
    table_remove(&net->by_mac, &port->by_mac);
    table_remove(&net->by_ipv4, &port->by_ipv4);
    table_remove(&net->by_name, &port->by_name);
    *port->link = port->next;
    if (port->next != NULL)
        port->next->link = port->link;
    net->port_count--;
    free(port);
}

struct port *port_find(const struct net *net, uint64_t id)
{
    return table_find(&net->by_id, id);
}

struct port *port_find_mac(const struct net *net, const uint8_t *mac)
{
    return table_find(&net->by_mac, packet_mac_key(mac));
}

struct port *port_find_ipv4(const struct net *net, const uint8_t *ipv4)
{
    return table_find(&net->by_ipv4, packet_ipv4_key(ipv4));
}

struct port *port_find_ipv6(const struct net *net, const uint8_t *ipv6)
{
    const uint8_t mac[PACKET_MAC_SIZE] = {ipv6[8] ^ 2, ipv6[9], ipv6[10], ipv6[13], ipv6[14], ipv6[15]};
    struct port *port = port_find_mac(net, mac);
    if (port == NULL || (memcmp(port->ipv6, ipv6, 16) != 0 && memcmp(port->link6, ipv6, 16) != 0))
        return NULL;
    return port;
}

/* Who asks for one label means its neighbour: "web" asked by "db.tenant" is "web.tenant". */
static struct port *find_neighbour(const struct port *asker, const char *label)
{
    char name[2 * NET_NAME_SIZE];
    const char *path = strchr(asker->name, '.');
    struct port *port = find_exact_name(asker->net, label);
    if (port != NULL || path == NULL || strchr(label, '.') != NULL)
        return port;
    snprintf(name, sizeof name, "%s%s", label, path);
    return find_exact_name(asker->net, name);
}

struct port *port_find_name(const struct port *asker, const char *name)
{
    const struct net *net = asker->net;
    struct port *port = find_neighbour(asker, name);
    size_t length = strlen(name), domain = strlen(net->config.domain);
    if (port != NULL || length <= domain + 1 || length >= NET_NAME_SIZE)
        return port;
    const char *dot = name + length - domain - 1;
    if (*dot != '.' || strcasecmp(dot + 1, net->config.domain) != 0)
        return NULL;
    char host[NET_NAME_SIZE] = {0};
    memcpy(host, name, (size_t)(dot - name));
    return find_neighbour(asker, host);
}

void port_describe(const struct port *port, struct net_port *answer)
{
    *answer = (struct net_port){.id = port->id,
                                .rx_packets = port->rx_packets,
                                .rx_bytes = port->rx_bytes,
                                .tx_packets = port->tx_packets,
                                .tx_bytes = port->tx_bytes,
                                .dropped = port->dropped};
    memcpy(answer->name, port->name, NET_NAME_SIZE);
    memcpy(answer->mac, port->mac, PACKET_MAC_SIZE);
    memcpy(answer->ipv4, port->ipv4, 4);
    memcpy(answer->ipv6, port->ipv6, 16);
}
