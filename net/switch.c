/*
 * switch.c: see switch.h.
 *
 * Nothing is learned from frames: which port has which address is known beforehand. So a source can be
 * checked, unknown destinations need no flood, and ARP and neighbour solicitations go to the one port they
 * ask for. Only real multicast is flooded, within an allowance for each port.
 */
#include "switch.h"

#include "host/loop.h"
#include "net/arp.h"
#include "net/dhcp.h"
#include "net/egress.h"
#include "net/ndp.h"
#include "net/stack.h"

#define FLOOD_INTERVAL_NS 5000000u /* one flood each, in the long run: 200 a second */
#define FLOOD_BURST       256u

static const uint8_t unspecified[16];

static bool may_flood(struct port *port)
{
    uint64_t now = loop_now();
    uint64_t earliest =
        now > FLOOD_BURST * (uint64_t)FLOOD_INTERVAL_NS ? now - FLOOD_BURST * (uint64_t)FLOOD_INTERVAL_NS : 0;
    if (port->flood_ns < earliest)
        port->flood_ns = earliest;
    if (port->flood_ns >= now)
        return false;
    port->flood_ns += FLOOD_INTERVAL_NS;
    return true;
}

void switch_flood(struct port *port, const struct packet *packet)
{
    if (!may_flood(port)) {
        switch_drop(port);
        return;
    }
    for (struct port *to = port->net->ports; to != NULL; to = to->next)
        if (to != port && (to->seen4 || to->seen6))
            port_forward(to, packet->frame, packet->size);
}

/* An IPv4 guest without an address may only ask for one. */
static bool is_own_source4(const struct port *port, const struct packet *packet)
{
    if (memcmp(packet->from, port->ipv4, 4) == 0)
        return true;
    return memcmp(packet->from, unspecified, 4) == 0 && packet->protocol == IPPROTO_UDP &&
           packet->to_port == DHCP_SERVER_PORT;
}

/* An IPv6 guest without an address may only speak ICMPv6: duplicate detection, solicitation, listening. */
static bool is_own_source6(const struct port *port, const struct packet *packet)
{
    if (memcmp(packet->from, port->ipv6, 16) == 0 || memcmp(packet->from, port->link6, 16) == 0)
        return true;
    return memcmp(packet->from, unspecified, 16) == 0 && packet->protocol == IPPROTO_ICMPV6;
}

static bool is_group4(const struct net *net, const uint8_t *address)
{
    return (address[0] & 0xf0) == 0xe0 || packet_ipv4_key(address) == UINT32_MAX ||
           memcmp(address, net->broadcast, 4) == 0;
}

/* To the port that has the destination's hardware address, if there is one. */
static void forward(struct port *port, const struct packet *packet)
{
    struct port *to = port_find_mac(port->net, packet->to_mac);
    if (to != NULL && to != port)
        port_forward(to, packet->frame, packet->size);
    else
        switch_drop(port);
}

/*
 * With host loopback granted, the gateway's address stands for the host's 127.0.0.1; what belongs to an
 * inbound connection still is the switch's own.
 */
static bool is_for_host(const struct net *net, const struct packet *packet)
{
    if (!(net->config.grants & NET_GRANT_HOST_LOOPBACK))
        return false;
    bool gateway = packet->type == PACKET_IPV4 ? memcmp(packet->to, net->gateway, 4) == 0
                                               : memcmp(packet->to, net->gateway6, 16) == 0;
    return gateway && (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP) &&
           !stack_expects(net, packet);
}

static void route(struct port *port, const struct packet *packet, bool own, bool inside)
{
    if (own && !is_for_host(port->net, packet))
        stack_input(port->net, packet);
    else if (own || !inside)
        egress_input(port, packet);
    else
        switch_drop(port);
}

static void input_ipv4(struct port *port, const struct packet *packet)
{
    struct net *net = port->net;
    bool group = packet_is_group(packet->to_mac);
    port->seen4 = true;
    if (!is_own_source4(port, packet) || group != is_group4(net, packet->to)) {
        switch_drop(port);
    } else if (packet->protocol == IPPROTO_UDP && packet->to_port == DHCP_SERVER_PORT &&
               (group || net_is_own(net, packet->to))) {
        dhcp_input(port, packet);
    } else if (packet->protocol == IPPROTO_UDP && packet->from_port == DHCP_SERVER_PORT) {
        switch_drop(port); /* one guest does not configure another */
    } else if (group) {
        switch_flood(port, packet);
    } else if (memcmp(packet->to_mac, net->mac, PACKET_MAC_SIZE) == 0) {
        route(port, packet, net_is_own(net, packet->to), net_contains(net, packet->to));
    } else {
        forward(port, packet);
    }
}

static void input_ipv6(struct port *port, const struct packet *packet)
{
    struct net *net = port->net;
    bool group = packet_is_group(packet->to_mac);
    port->seen6 = true;
    if (!is_own_source6(port, packet) || group != (packet->to[0] == 0xff)) {
        switch_drop(port);
    } else if (ndp_concerns(packet)) {
        ndp_input(port, packet);
    } else if (group) {
        switch_flood(port, packet);
    } else if (memcmp(packet->to_mac, net->mac, PACKET_MAC_SIZE) == 0) {
        route(port, packet, net_is_own6(net, packet->to), net_contains6(net, packet->to));
    } else {
        forward(port, packet);
    }
}

void switch_input(struct port *port, const uint8_t *frame, size_t size)
{
    struct packet packet;
    if (!packet_read(&packet, frame, size) || memcmp(packet.from_mac, port->mac, PACKET_MAC_SIZE) != 0) {
        switch_drop(port);
        return;
    }
    if (packet.type == PACKET_IPV4)
        input_ipv4(port, &packet);
    else if (packet.type == PACKET_IPV6)
        input_ipv6(port, &packet);
    else if (packet.type == PACKET_ARP)
        arp_input(port, &packet);
    else
        switch_drop(port);
}
