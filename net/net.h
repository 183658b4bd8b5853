/*
 * net.h: the state of one network: its addresses, its ports and what its services keep between frames.
 *
 * One process serves one network and one thread does everything, so that there is one struct net and no
 * lock; the modules of this room reach each other's state through it.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <bivy/net_control.h>

#include "net/packet.h"
#include "net/table.h"

struct error;
struct loop;
struct loop_timer;
struct port;
struct port_batch;
struct stack;
struct dns;

struct net {
    struct loop *loop;
    struct net_network config;
    bool configured;
    uint8_t mac[PACKET_MAC_SIZE]; /* the gateway's and the resolver's */
    uint8_t gateway[4], resolver[4], broadcast[4];
    uint8_t gateway6[16], resolver6[16], link6[16]; /* link6: the router's link-local address */
    size_t frame_max;                               /* bytes of the longest frame: MTU and Ethernet header */

    struct port *ports; /* all of them */
    size_t port_count;
    struct table by_id, by_mac, by_ipv4, by_name; /* of struct port */
    struct table leases, leased;                  /* of struct lease: by name, by address */
    struct table listeners;                       /* of struct listener, by id */

    struct port_batch *batch;
    struct stack *stack;
    struct dns *dns;
    struct loop_timer *advertiser; /* of router advertisements */
    size_t connection_count;       /* inbound, TCP */
    size_t mapping_count;          /* inbound, UDP */
    size_t egress_count;           /* sockets that slirp holds open, of all ports */
    size_t descriptor_limit;       /* how many this process may open */
};

/* Creates a network without addresses or ports on LOOP, which outlives it. NULL and ERR after a failure. */
struct net *net_create(struct loop *loop, struct error *err);

/* Gives the network its addresses, once. 0; -EALREADY; -EINVAL for a prefix, MTU or name out of range. */
int net_configure(struct net *net, const struct net_network *config, struct error *err);

/* Removes every port and frees everything (NULL: nothing). */
void net_destroy(struct net *net);

/* Whether the IPv4 or IPv6 ADDRESS lies inside the network. */
bool net_contains(const struct net *net, const uint8_t *ipv4);
bool net_contains6(const struct net *net, const uint8_t *ipv6);

/* Whether the switch itself answers to the address. */
bool net_is_own(const struct net *net, const uint8_t *ipv4);
bool net_is_own6(const struct net *net, const uint8_t *ipv6);

#endif
