/*
 * egress.c: see egress.h.
 *
 * libslirp wants to be asked before every sleep which descriptors it waits for. With thousands of
 * instances on one loop that is asked only of an instance in which something happened; its answer is
 * kept as loop sources until the next time.
 */
#include "egress.h"

#include <slirp/libslirp.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "host/log.h"
#include "host/loop.h"
#include "net/ndp.h"
#include "net/switch.h"

#define WATCHES_MAX      512u /* sockets that one guest may keep open outside */
#define DESCRIPTOR_SHARE 4u   /* of all descriptors, one in so many may be an outgoing socket */
#define NS_PER_MS        1000000u
#define STALE_NS         1000000000u
#define FRAME_SIZE       128u /* of the frames that this file writes itself */

/* A socket that libslirp waits for. */
struct watch {
    struct egress *egress;
    struct loop_source *source;
    int fd;               /* -1: free */
    int events, happened; /* SLIRP_POLL_* */
    bool kept;            /* named in the round that is under way */
};

struct egress {
    struct port *port;
    struct net *net;
    Slirp *slirp;
    struct watch *watches;        /* WATCHES_MAX */
    size_t watch_count;           /* used at some time: those above never were */
    size_t hint;                  /* where the next socket to be named most likely stands */
    size_t open;                  /* sockets */
    uint64_t served_ns;           /* when libslirp last read the clock for this instance */
    struct loop_timer *timer;     /* libslirp's own time-outs */
    struct loop_timer *service;   /* set: the instance is served at the end of this turn */
    bool knows_ipv6, knows_link6; /* the guest's addresses have been announced to it */
};

static const struct refused4 {
    uint8_t address[4], bits;
} refused4[] = {
    {{0}, 8},                   /* this host: connecting to 0.0.0.0 reaches 127.0.0.1 */
    {{127}, 8},                 /* loopback */
    {{169, 254}, 16},           /* link-local, metadata */
    {{100, 100, 100, 200}, 32}, /* metadata of Alibaba Cloud */
    {{192, 0, 0, 192}, 32},     /* metadata of Oracle Cloud */
    {{168, 63, 129, 16}, 32},   /* Azure's host */
    {{224}, 3},                 /* multicast, reserved, broadcast */
};

static const struct refused6 {
    uint8_t address[16], bits;
} refused6[] = {
    {{0}, 8},                    /* unspecified, loopback, IPv4-mapped and -compatible */
    {{0, 0x64, 0xff, 0x9b}, 32}, /* IPv4 translated: would reach what is refused above */
    {{0x20, 0x02}, 16},          /* 6to4: the same */
    {{0xfd, 0, 0x0e, 0xc2}, 32}, /* metadata of Amazon */
    {{0xfe, 0x80}, 9},           /* link-local, site-local */
    {{0xff}, 8},                 /* multicast */
};

static bool matches(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;
    uint8_t mask = (uint8_t)(0xff00u >> rest);
    return memcmp(address, prefix, bytes) == 0 &&
           (rest == 0 || ((address[bytes] ^ prefix[bytes]) & mask) == 0);
}

static bool is_refused(const struct packet *packet)
{
    if (packet->type == PACKET_IPV4) {
        for (size_t i = 0; i < sizeof refused4 / sizeof *refused4; i++)
            if (matches(packet->to, refused4[i].address, refused4[i].bits))
                return true;
        return false;
    }
    for (size_t i = 0; i < sizeof refused6 / sizeof *refused6; i++)
        if (matches(packet->to, refused6[i].address, refused6[i].bits))
            return true;
    return false;
}

static void request_service(struct egress *egress);

static void socket_event(void *context, uint32_t events)
{
    static const struct {
        uint32_t epoll;
        int slirp;
    } names[] = {{EPOLLIN, SLIRP_POLL_IN},
                 {EPOLLOUT, SLIRP_POLL_OUT},
                 {EPOLLPRI, SLIRP_POLL_PRI},
                 {EPOLLERR, SLIRP_POLL_ERR},
                 {EPOLLHUP, SLIRP_POLL_HUP}};
    struct watch *watch = context;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (events & names[i].epoll)
            watch->happened |= names[i].slirp;
    request_service(watch->egress);
}

static uint32_t epoll_events(int events)
{
    return (events & SLIRP_POLL_IN ? EPOLLIN : 0u) | (events & SLIRP_POLL_OUT ? EPOLLOUT : 0u) |
           (events & SLIRP_POLL_PRI ? EPOLLPRI : 0u);
}

static void drop_watch(struct watch *watch)
{
    loop_remove(&watch->source);
    *watch = (struct watch){.egress = watch->egress, .fd = -1};
}

static struct watch *find_watch(struct egress *egress, int fd)
{
    for (size_t i = 0; i < egress->watch_count; i++) {
        size_t at = (egress->hint + i) % egress->watch_count;
        if (egress->watches[at].fd == fd) {
            egress->hint = at + 1;
            return &egress->watches[at];
        }
    }
    return NULL;
}

static struct watch *new_watch(struct egress *egress)
{
    if (egress->watch_count < WATCHES_MAX) {
        struct watch *watch = &egress->watches[egress->watch_count++];
        *watch = (struct watch){.egress = egress, .fd = -1};
        return watch;
    }
    return find_watch(egress, -1);
}

static int name_socket(int fd, int events, void *context)
{
    struct egress *egress = context;
    struct watch *watch = find_watch(egress, fd);
    if (watch == NULL)
        watch = new_watch(egress);
    if (watch == NULL)
        return -1;
    if (watch->source == NULL)
        watch->source = loop_add(egress->net->loop, fd, epoll_events(events), socket_event, watch, NULL);
    else if (watch->events != events)
        loop_change(watch->source, epoll_events(events));
    watch->fd = fd;
    watch->events = events;
    watch->kept = true;
    return (int)(watch - egress->watches);
}

static int tell_events(int index, void *context)
{
    const struct egress *egress = context;
    if (index < 0 || (size_t)index >= egress->watch_count)
        return 0;
    const struct watch *watch = &egress->watches[index];
    return watch->happened & (watch->events | SLIRP_POLL_ERR | SLIRP_POLL_HUP);
}

static void time_out(void *context)
{
    struct egress *egress = context;
    egress->timer = NULL;
    request_service(egress);
}

/* Asks the instance what it waits for now. */
static void ask(struct egress *egress)
{
    uint32_t timeout_ms = UINT32_MAX;
    egress->hint = 0;
    slirp_pollfds_fill(egress->slirp, &timeout_ms, name_socket, egress);
    for (size_t i = 0; i < egress->watch_count; i++) {
        struct watch *watch = &egress->watches[i];
        if (watch->fd >= 0 && !watch->kept)
            drop_watch(watch);
        watch->kept = false;
        watch->happened = 0;
    }
    loop_cancel(&egress->timer);
    if (timeout_ms != UINT32_MAX)
        egress->timer =
            loop_after(egress->net->loop, (uint64_t)timeout_ms * NS_PER_MS, time_out, egress, NULL);
}

/* What libslirp has for a guest that takes no more would be lost: it then stops reading outside instead. */
static void serve(struct egress *egress)
{
    loop_cancel(&egress->service);
    if (egress->port->full) {
        for (size_t i = 0; i < egress->watch_count; i++)
            drop_watch(&egress->watches[i]);
        loop_cancel(&egress->timer);
        return;
    }
    slirp_pollfds_poll(egress->slirp, 0, tell_events, egress);
    egress->served_ns = loop_now();
    ask(egress);
}

static void serve_later(void *context)
{
    struct egress *egress = context;
    egress->service = NULL;
    serve(egress);
}

static void request_service(struct egress *egress)
{
    if (egress->service == NULL)
        egress->service = loop_after(egress->net->loop, 0, serve_later, egress, NULL);
}

void egress_port_ready(struct port *port)
{
    if (port->egress != NULL)
        request_service(port->egress);
}

/* Tells libslirp the guest's hardware address, which it would otherwise ask the guest for. */
static void announce_ipv4(struct egress *egress)
{
    static const uint8_t everybody[PACKET_MAC_SIZE] = {255, 255, 255, 255, 255, 255};
    const struct port *port = egress->port;
    uint8_t frame[FRAME_SIZE];
    struct frame_writer writer = frame_write(frame, sizeof frame);
    frame_put(&writer, everybody, PACKET_MAC_SIZE);
    frame_put(&writer, port->mac, PACKET_MAC_SIZE);
    frame_put16(&writer, PACKET_ARP);
    frame_put32(&writer, 0x00010800); /* Ethernet, IPv4 */
    frame_put32(&writer, 0x06040001); /* address sizes, a request */
    frame_put(&writer, port->mac, PACKET_MAC_SIZE);
    frame_put(&writer, port->ipv4, 4);
    frame_fill(&writer, 0, PACKET_MAC_SIZE);
    frame_put(&writer, port->ipv4, 4);
    slirp_input(egress->slirp, frame, (int)frame_written(&writer));
}

static void announce_ipv6(struct egress *egress, const uint8_t *address)
{
    const struct port *port = egress->port;
    uint8_t frame[FRAME_SIZE];
    struct frame_writer writer = frame_write(frame, sizeof frame);
    const struct ndp_advertisement advertisement = {.to_mac = port->net->mac,
                                                    .from_mac = port->mac,
                                                    .from = address,
                                                    .to = port->net->gateway6,
                                                    .target = address,
                                                    .flags = 0x60};
    ndp_write_neighbour(&writer, &advertisement);
    slirp_input(egress->slirp, frame, (int)frame_written(&writer));
}

static void announce(struct egress *egress, const struct packet *packet)
{
    if (packet->type != PACKET_IPV6)
        return;
    bool link = memcmp(packet->from, egress->port->link6, 16) == 0;
    bool *known = link ? &egress->knows_link6 : &egress->knows_ipv6;
    if (!*known)
        announce_ipv6(egress, packet->from);
    *known = true;
}

/* From libslirp to the guest; its own ARP, discovery and advertisements stay here. */
static ssize_t on_packet(const void *data, size_t size, void *context)
{
    struct egress *egress = context;
    struct packet packet;
    uint8_t *frame = (uint8_t *)(uintptr_t)data; /* libslirp's own buffer, written for this call */
    if (!packet_read(&packet, frame, size))
        return (ssize_t)size;
    if (packet.type == PACKET_ARP)
        announce_ipv4(egress);
    bool wanted = packet.type == PACKET_IPV4 || (packet.type == PACKET_IPV6 && !ndp_concerns(&packet));
    if (wanted && size <= egress->net->frame_max) {
        memcpy(frame, egress->port->mac, PACKET_MAC_SIZE);
        memcpy(frame + PACKET_MAC_SIZE, egress->net->mac, PACKET_MAC_SIZE);
        port_send(egress->port, frame, size);
    }
    return (ssize_t)size;
}

static void on_guest_error(const char *message, void *context)
{
    const struct egress *egress = context;
    log_debug("port %s: slirp: %s", egress->port->name, message);
}

static int64_t on_clock(void *context)
{
    (void)context;
    return (int64_t)loop_now();
}

/* libslirp's only timer is its router advertisements', which the switch sends itself. */
static void *on_timer_new(SlirpTimerId id, void *timer_context, void *context)
{
    (void)id;
    (void)timer_context;
    return context;
}

static void on_timer_free(void *timer, void *context)
{
    (void)timer;
    (void)context;
}

static void on_timer_change(void *timer, int64_t expires_ms, void *context)
{
    (void)timer;
    (void)expires_ms;
    (void)context;
}

static void on_socket_opened(int fd, void *context)
{
    struct egress *egress = context;
    if (fd < 0) /* libslirp tells of sockets that could not be opened, too */
        return;
    struct watch *stale = find_watch(egress, fd);
    if (stale != NULL)
        drop_watch(stale);
    egress->open++;
    egress->net->egress_count++;
}

static void on_socket_closed(int fd, void *context)
{
    struct egress *egress = context;
    if (fd < 0)
        return;
    struct watch *watch = find_watch(egress, fd);
    if (watch != NULL)
        drop_watch(watch);
    if (egress->open > 0) {
        egress->open--;
        egress->net->egress_count--;
    }
}

static void on_notify(void *context)
{
    request_service(context);
}

static const SlirpCb callbacks = {
    .send_packet = on_packet,
    .guest_error = on_guest_error,
    .clock_get_ns = on_clock,
    .timer_new_opaque = on_timer_new,
    .timer_free = on_timer_free,
    .timer_mod = on_timer_change,
    .register_poll_fd = on_socket_opened,
    .unregister_poll_fd = on_socket_closed,
    .notify = on_notify,
};

static SlirpConfig describe(const struct net *net)
{
    SlirpConfig config = {
        .version = 4,
        .in_enabled = true,
        .in6_enabled = true,
        .vprefix_len = 64,
        .if_mtu = net->config.mtu,
        .if_mru = net->config.mtu,
        .disable_host_loopback = !(net->config.grants & NET_GRANT_HOST_LOOPBACK),
        .disable_dns = true,
        .disable_dhcp = true,
    };
    memcpy(&config.vnetwork, net->config.subnet, 4);
    config.vnetmask.s_addr = htonl(~(UINT32_MAX >> net->config.prefix));
    memcpy(&config.vhost, net->gateway, 4);
    memcpy(&config.vnameserver, net->resolver, 4);
    memcpy(&config.vprefix_addr6, net->config.subnet6, 8);
    memcpy(&config.vhost6, net->gateway6, 16);
    memcpy(&config.vnameserver6, net->resolver6, 16);
    return config;
}

static struct egress *open_instance(struct port *port)
{
    struct egress *egress = calloc(1, sizeof *egress);
    if (egress == NULL)
        return NULL;
    *egress = (struct egress){.port = port, .net = port->net};
    egress->watches = calloc(WATCHES_MAX, sizeof *egress->watches);
    const SlirpConfig config = describe(port->net);
    if (egress->watches != NULL)
        egress->slirp = slirp_new(&config, &callbacks, egress);
    if (egress->slirp == NULL) {
        free(egress->watches);
        free(egress);
        return NULL;
    }
    port->egress = egress;
    announce_ipv4(egress);
    return egress;
}

/* A guest at its limit keeps what it has and gets nothing new: TCP that goes on passes. */
static bool is_over_limit(const struct egress *egress, const struct packet *packet)
{
    if (egress->open < WATCHES_MAX - 1 &&
        egress->net->egress_count < egress->net->descriptor_limit / DESCRIPTOR_SHARE)
        return false;
    if (packet->protocol != IPPROTO_TCP)
        return true;
    struct frame_reader body = packet->body;
    frame_take(&body, 13);
    return (frame_take8(&body) & 0x12) == 0x02; /* SYN without ACK */
}

void egress_input(struct port *port, const struct packet *packet)
{
    if ((port->net->config.grants & NET_GRANT_NO_EGRESS) || is_refused(packet)) {
        switch_drop(port);
        return;
    }
    struct egress *egress = port->egress != NULL ? port->egress : open_instance(port);
    if (egress == NULL || is_over_limit(egress, packet)) {
        switch_drop(port);
        return;
    }
    /* It dates new sockets by the clock that it read last. */
    if (loop_now() - egress->served_ns > STALE_NS && !port->full)
        serve(egress);
    announce(egress, packet);
    slirp_input(egress->slirp, packet->frame, (int)packet->size);
    request_service(egress);
}

void egress_close(struct port *port)
{
    struct egress *egress = port->egress;
    if (egress == NULL)
        return;
    loop_cancel(&egress->timer);
    loop_cancel(&egress->service);
    slirp_cleanup(egress->slirp);
    for (size_t i = 0; i < egress->watch_count; i++)
        loop_remove(&egress->watches[i].source);
    egress->net->egress_count -= egress->open;
    free(egress->watches);
    free(egress);
    port->egress = NULL;
}
