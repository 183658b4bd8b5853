/* ndp.c: see ndp.h. */
#include "ndp.h"

#include "host/error.h"
#include "host/loop.h"
#include "net/switch.h"

enum ndp_type {
    NDP_ROUTER_SOLICITATION = 133,
    NDP_ROUTER_ADVERTISEMENT = 134,
    NDP_NEIGHBOUR_SOLICITATION = 135,
    NDP_NEIGHBOUR_ADVERTISEMENT = 136,
    NDP_REDIRECT = 137
};

enum ndp_option {
    NDP_OPTION_SOURCE = 1,
    NDP_OPTION_TARGET = 2,
    NDP_OPTION_PREFIX = 3,
    NDP_OPTION_MTU = 5,
    NDP_OPTION_RESOLVER = 25,
    NDP_OPTION_DOMAIN = 31
};

#define NDP_HOP_LIMIT       255u
#define NDP_FRAME_MAX       512u
#define NDP_ROUTER          0x80u /* flags of a neighbour advertisement */
#define NDP_SOLICITED       0x40u
#define NDP_OVERRIDE        0x20u
#define IPV6_HEADER_SIZE    40u
#define ROUTER_LIFETIME_S   9000u
#define ADVERTISE_PERIOD_NS 600000000000u /* ten minutes, well within the lifetimes */

static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
static const uint8_t unspecified[16];

bool ndp_concerns(const struct packet *packet)
{
    struct frame_reader body = packet->body;
    uint8_t type = frame_take8(&body);
    return packet->protocol == IPPROTO_ICMPV6 && !body.bad && type >= NDP_ROUTER_SOLICITATION &&
           type <= NDP_REDIRECT;
}

/* Writes the headers; the message's length and checksum are filled in by finish(). */
static void begin(struct frame_writer *writer, const struct ndp_advertisement *a, uint8_t type)
{
    frame_put(writer, a->to_mac, PACKET_MAC_SIZE);
    frame_put(writer, a->from_mac, PACKET_MAC_SIZE);
    frame_put16(writer, PACKET_IPV6);
    frame_put32(writer, 0x60000000);
    frame_put16(writer, 0);
    frame_put8(writer, IPPROTO_ICMPV6);
    frame_put8(writer, NDP_HOP_LIMIT);
    frame_put(writer, a->from, 16);
    frame_put(writer, a->to, 16);
    frame_put8(writer, type);
    frame_put8(writer, 0);
    frame_put16(writer, 0);
}

static void put16_at(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void finish(struct frame_writer *writer, const struct ndp_advertisement *a)
{
    if (writer->full)
        return;
    uint8_t *message = writer->start + PACKET_ETHERNET_SIZE + IPV6_HEADER_SIZE;
    size_t size = (size_t)(writer->at - message);
    put16_at(writer->start + PACKET_ETHERNET_SIZE + 4, size);
    put16_at(message + 2, packet_checksum(message, size, a->from, a->to, 16, IPPROTO_ICMPV6));
}

static void put_link_option(struct frame_writer *writer, uint8_t kind, const uint8_t *mac)
{
    frame_put8(writer, kind);
    frame_put8(writer, 1);
    frame_put(writer, mac, PACKET_MAC_SIZE);
}

void ndp_write_neighbour(struct frame_writer *writer, const struct ndp_advertisement *advertisement)
{
    begin(writer, advertisement, NDP_NEIGHBOUR_ADVERTISEMENT);
    frame_put8(writer, advertisement->flags);
    frame_fill(writer, 0, 3);
    frame_put(writer, advertisement->target, 16);
    put_link_option(writer, NDP_OPTION_TARGET, advertisement->from_mac);
    finish(writer, advertisement);
}

static void put_prefix_option(struct frame_writer *writer, const struct net *net)
{
    frame_put8(writer, NDP_OPTION_PREFIX);
    frame_put8(writer, 4);
    frame_put8(writer, 64);
    frame_put8(writer, 0xc0); /* on this link; make an address of it */
    frame_put32(writer, 86400);
    frame_put32(writer, 14400);
    frame_put32(writer, 0);
    frame_put(writer, net->config.subnet6, 8);
    frame_fill(writer, 0, 8);
}

static void put_name(struct frame_writer *writer, const char *name)
{
    while (*name != '\0') {
        size_t label = strcspn(name, ".");
        frame_put8(writer, (uint8_t)label);
        frame_put(writer, name, label);
        name += label + (name[label] == '.');
    }
    frame_put8(writer, 0);
}

static void put_resolver_options(struct frame_writer *writer, const struct net *net)
{
    frame_put8(writer, NDP_OPTION_RESOLVER);
    frame_put8(writer, 3);
    frame_put16(writer, 0);
    frame_put32(writer, ROUTER_LIFETIME_S);
    frame_put(writer, net->resolver6, 16);
    size_t name = strlen(net->config.domain) + 2;
    size_t units = (8 + name + 7) / 8;
    frame_put8(writer, NDP_OPTION_DOMAIN);
    frame_put8(writer, (uint8_t)units);
    frame_put16(writer, 0);
    frame_put32(writer, ROUTER_LIFETIME_S);
    put_name(writer, net->config.domain);
    frame_fill(writer, 0, units * 8 - 8 - name);
}

static void advertise_router(struct port *port)
{
    struct net *net = port->net;
    uint8_t frame[NDP_FRAME_MAX];
    struct frame_writer writer = frame_write(frame, sizeof frame);
    const struct ndp_advertisement headers = {
        .to_mac = port->mac, .from_mac = net->mac, .from = net->link6, .to = all_nodes};
    begin(&writer, &headers, NDP_ROUTER_ADVERTISEMENT);
    frame_put8(&writer, 64); /* hop limit */
    frame_put8(&writer, 0);  /* no DHCPv6 */
    frame_put16(&writer, ROUTER_LIFETIME_S);
    frame_put32(&writer, 0);
    frame_put32(&writer, 0);
    put_link_option(&writer, NDP_OPTION_SOURCE, net->mac);
    frame_put8(&writer, NDP_OPTION_MTU);
    frame_put8(&writer, 1);
    frame_put16(&writer, 0);
    frame_put32(&writer, net->config.mtu);
    put_prefix_option(&writer, net);
    put_resolver_options(&writer, net);
    finish(&writer, &headers);
    if (!writer.full)
        port_send(port, frame, frame_written(&writer));
}

static void answer_solicitation(struct port *port, const struct packet *packet, const uint8_t *target)
{
    uint8_t frame[NDP_FRAME_MAX];
    struct frame_writer writer = frame_write(frame, sizeof frame);
    bool nameless = memcmp(packet->from, unspecified, 16) == 0;
    const struct ndp_advertisement answer = {
        .to_mac = port->mac,
        .from_mac = port->net->mac,
        .from = target,
        .to = nameless ? all_nodes : packet->from,
        .target = target,
        .flags = NDP_ROUTER | NDP_OVERRIDE | (nameless ? 0 : NDP_SOLICITED),
    };
    ndp_write_neighbour(&writer, &answer);
    port_send(port, frame, frame_written(&writer));
}

/* Options that name a hardware address must name the sender's own. */
static bool are_options_honest(const struct port *port, struct frame_reader options)
{
    while (frame_left(&options) > 0) {
        uint8_t kind = frame_take8(&options);
        size_t size = frame_take8(&options) * 8u;
        if (size == 0)
            return false;
        const uint8_t *body = frame_take(&options, size - 2);
        if (body == NULL)
            return false;
        if ((kind == NDP_OPTION_SOURCE || kind == NDP_OPTION_TARGET) &&
            memcmp(body, port->mac, PACKET_MAC_SIZE) != 0)
            return false;
    }
    return true;
}

static void pass_to(struct port *port, struct port *to, const struct packet *packet)
{
    if (to != NULL && to != port)
        port_forward(to, packet->frame, packet->size);
}

static void input_solicitation(struct port *port, const struct packet *packet, const uint8_t *target)
{
    if (net_is_own6(port->net, target))
        answer_solicitation(port, packet, target);
    else
        pass_to(port, port_find_ipv6(port->net, target), packet);
}

static void input_advertisement(struct port *port, const struct packet *packet, const uint8_t *target)
{
    if (port_find_ipv6(port->net, target) != port)
        switch_drop(port);
    else if (packet_is_group(packet->to_mac))
        switch_flood(port, packet);
    else
        pass_to(port, port_find_mac(port->net, packet->to_mac), packet);
}

void ndp_input(struct port *port, const struct packet *packet)
{
    struct frame_reader body = packet->body;
    uint8_t type = frame_take8(&body);
    frame_take(&body, 7);
    const uint8_t *target = type == NDP_ROUTER_SOLICITATION ? NULL : frame_take(&body, 16);
    /* A fragment could hide its options from us (RFC 6980). */
    if (body.bad || packet->fragmented || packet->hop_limit != NDP_HOP_LIMIT ||
        !are_options_honest(port, body))
        switch_drop(port);
    else if (type == NDP_ROUTER_SOLICITATION)
        advertise_router(port);
    else if (type == NDP_NEIGHBOUR_SOLICITATION)
        input_solicitation(port, packet, target);
    else if (type == NDP_NEIGHBOUR_ADVERTISEMENT)
        input_advertisement(port, packet, target);
    else
        switch_drop(port);
}

static void advertise_periodically(void *context)
{
    struct net *net = context;
    net->advertiser = loop_after(net->loop, ADVERTISE_PERIOD_NS, advertise_periodically, net, NULL);
    for (struct port *port = net->ports; port != NULL; port = port->next)
        if (port->seen6)
            advertise_router(port);
}

int ndp_open(struct net *net, struct error *err)
{
    net->advertiser = loop_after(net->loop, ADVERTISE_PERIOD_NS, advertise_periodically, net, err);
    return net->advertiser != NULL ? 0 : -1;
}

void ndp_close(struct net *net)
{
    loop_cancel(&net->advertiser);
}
