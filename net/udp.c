/* udp.c: see udp.h. */
#define _GNU_SOURCE
#include "udp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "lwip/udp.h"

#include "host/loop.h"

#define RECEIVE_BATCH      64    /* datagrams, before others have their turn */
#define DATAGRAM_MAX       65507 /* bytes; IPv4's longest */
#define MAPPINGS_MAX       512   /* of one listener */
#define MAPPINGS_TOTAL_MAX 16384
#define MAPPING_IDLE_NS    60000000000u
#define SWEEP_NS           10000000000u

struct mapping {
    struct table_entry by_client;
    struct listener *listener;
    struct udp_pcb *guest;
    uint64_t used_ns;
    socklen_t client_size;
    struct sockaddr_storage client;
};

static uint64_t client_key(const struct sockaddr_storage *client, socklen_t size)
{
    uint64_t key = 0xcbf29ce484222325u;
    const uint8_t *bytes = (const uint8_t *)client;
    for (socklen_t i = 0; i < size; i++)
        key = (key ^ bytes[i]) * 0x100000001b3u;
    return key;
}

static void forget(struct mapping *mapping)
{
    table_remove(&mapping->listener->mappings, &mapping->by_client);
    mapping->listener->net->mapping_count--;
    udp_remove(mapping->guest);
    free(mapping);
}

/* Forgets what was last used before BEFORE_NS. */
static void forget_older(struct listener *listener, uint64_t before_ns)
{
    const struct table *table = &listener->mappings;
    for (size_t i = 0; i < table->size; i++) {
        struct table_entry *next;
        for (struct table_entry *e = table->slots[i]; e != NULL; e = next) {
            struct mapping *mapping = e->owner;
            next = e->next;
            if (mapping->used_ns < before_ns)
                forget(mapping);
        }
    }
}

static void sweep(void *context)
{
    struct listener *listener = context;
    uint64_t now = loop_now();
    listener->timer = NULL;
    if (now > MAPPING_IDLE_NS)
        forget_older(listener, now - MAPPING_IDLE_NS);
    if (listener->mappings.count > 0)
        listener->timer = loop_after(listener->net->loop, SWEEP_NS, sweep, listener, NULL);
}

static void on_answer(void *context, struct udp_pcb *guest, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
    static uint8_t space[DATAGRAM_MAX];
    struct mapping *mapping = context;
    (void)guest;
    (void)from;
    (void)port;
    u16_t size = pbuf_copy_partial(p, space, sizeof space, 0);
    pbuf_free(p);
    mapping->used_ns = loop_now();
    sendto(mapping->listener->socket, space, size, MSG_DONTWAIT | MSG_NOSIGNAL,
           (const struct sockaddr *)&mapping->client, mapping->client_size);
}

static struct udp_pcb *open_guest(struct listener *listener)
{
    ip_addr_t from = {0}, to = {0};
    const struct port *port = listener->port;
    struct udp_pcb *guest = udp_new();
    if (guest == NULL)
        return NULL;
    if (port->seen6 && !port->seen4) {
        memcpy(ip_2_ip6(&from)->addr, listener->net->gateway6, 16);
        memcpy(ip_2_ip6(&to)->addr, port->ipv6, 16);
        IP_SET_TYPE_VAL(from, IPADDR_TYPE_V6);
        IP_SET_TYPE_VAL(to, IPADDR_TYPE_V6);
    } else {
        memcpy(&ip_2_ip4(&from)->addr, listener->net->gateway, 4);
        memcpy(&ip_2_ip4(&to)->addr, port->ipv4, 4);
    }
    if (udp_bind(guest, &from, 0) == ERR_OK && udp_connect(guest, &to, listener->guest_port) == ERR_OK)
        return guest;
    udp_remove(guest);
    return NULL;
}

static struct mapping *add(struct listener *listener, const struct sockaddr_storage *client, socklen_t size)
{
    if (listener->mappings.count >= MAPPINGS_MAX)
        forget_older(listener, loop_now() - SWEEP_NS);
    if (listener->mappings.count >= MAPPINGS_MAX || listener->net->mapping_count >= MAPPINGS_TOTAL_MAX)
        return NULL;
    struct mapping *mapping = calloc(1, sizeof *mapping);
    struct udp_pcb *guest = mapping != NULL ? open_guest(listener) : NULL;
    if (guest == NULL) {
        free(mapping);
        return NULL;
    }
    *mapping = (struct mapping){.listener = listener, .guest = guest, .client_size = size, .client = *client};
    if (table_add(&listener->mappings, &mapping->by_client, client_key(client, size), mapping) < 0) {
        udp_remove(guest);
        free(mapping);
        return NULL;
    }
    listener->net->mapping_count++;
    udp_recv(guest, on_answer, mapping);
    if (listener->timer == NULL)
        listener->timer = loop_after(listener->net->loop, SWEEP_NS, sweep, listener, NULL);
    return mapping;
}

static struct mapping *find(struct listener *listener, const struct sockaddr_storage *client, socklen_t size)
{
    uint64_t key = client_key(client, size);
    for (struct table_entry *e = table_next(&listener->mappings, key, NULL); e != NULL;
         e = table_next(&listener->mappings, key, e)) {
        struct mapping *mapping = e->owner;
        if (mapping->client_size == size && memcmp(&mapping->client, client, size) == 0)
            return mapping;
    }
    return add(listener, client, size);
}

static void pass_on(struct mapping *mapping, const uint8_t *data, size_t size)
{
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)size, PBUF_RAM);
    bool sent =
        p != NULL && pbuf_take(p, data, (u16_t)size) == ERR_OK && udp_send(mapping->guest, p) == ERR_OK;
    if (!sent)
        mapping->listener->port->dropped++;
    if (p != NULL)
        pbuf_free(p);
    mapping->used_ns = loop_now();
}

void udp_receive(void *context, uint32_t events)
{
    static uint8_t space[DATAGRAM_MAX];
    struct listener *listener = context;
    (void)events;
    for (int i = 0; i < RECEIVE_BATCH; i++) {
        struct sockaddr_storage client = {0};
        socklen_t client_size = sizeof client;
        ssize_t n = recvfrom(listener->socket, space, sizeof space, MSG_DONTWAIT, (struct sockaddr *)&client,
                             &client_size);
        if (n < 0 && errno == EAGAIN)
            return;
        struct mapping *mapping = n >= 0 ? find(listener, &client, client_size) : NULL;
        if (mapping != NULL)
            pass_on(mapping, space, (size_t)n);
        else if (n >= 0)
            listener->port->dropped++;
    }
}

void udp_close_all(struct listener *listener)
{
    forget_older(listener, UINT64_MAX);
}
