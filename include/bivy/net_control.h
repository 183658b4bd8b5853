/*
 * net_control.h: how a parent (bivyd, `bivy run`) speaks to the user-mode switch bivy-net.
 *
 * One SOCK_SEQPACKET socket; one struct net_request a packet, answered by one struct net_reply with
 * the same sequence, in order. The switch opens nothing: a port's socket and a listener's bound and
 * listening socket come as SCM_RIGHTS with the request. Both ends are local and of one build: a
 * version is still checked, because a switch outlives the daemon that started it. Integers are
 * host-endian, addresses are bytes in network order. Unused fields are zero. The switch ends when
 * the last copy of the control socket's other end is closed.
 *
 * A parent may send several requests before it reads: while a reply finds no room, no further request
 * is taken. Descriptors that came with a refused request are closed. A parent that takes over after
 * another may find replies to that one's requests first: their sequence tells.
 */
#ifndef BIVY_NET_CONTROL_H
#define BIVY_NET_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#define NET_CONTROL_VERSION 1u
#define NET_NAME_SIZE       256   /* a DNS name with its NUL */
#define NET_FRAME_MAX       65550 /* bytes of the longest frame on a port's socket */

enum net_op {
    NET_OP_CONFIGURE = 1, /* first of all, once: subnet, resolver, grants; fields: network */
    NET_OP_PORT_ADD,      /* fields: port; with one descriptor: the switch's end of the port's SEQPACKET
                             pair. With the id, MAC and name of a port that exists: replaces its socket, for
                             a guest that starts again; address and listeners stay, connections are reset */
    NET_OP_PORT_REMOVE,   /* fields: port.id; its listeners go with it; answers the last counters */
    NET_OP_LISTEN_ADD,    /* fields: listen; with one descriptor: a listening TCP or bound UDP socket.
                             From then on clients are taken and kept, for at most ten seconds each,
                             until the guest answers */
    NET_OP_LISTEN_REMOVE, /* fields: listen.id */
    NET_OP_QUERY,         /* fields: port.id; answers the port with its addresses and counters; id 0: only
                             the network */
    NET_OP_LIMIT = 64,    /* fields: limit; what is above is dropped and counted */
    NET_OP_CONNECT = 7 /* fields: listen.port_id, listen.guest_port; with one descriptor: a connected stream
                      socket. One connection to the guest: the switch writes a byte 0 to the socket
                      when the guest has accepted, then what the guest says; it ends the socket
                      when the guest refuses, ends, or says nothing for ten seconds. When the other
                      end is closed the guest's connection is reset */
};

#define NET_GRANT_HOST_LOOPBACK 1u /* guests may reach the host's loopback through the gateway's address */
#define NET_GRANT_NO_EGRESS     2u /* no packet leaves the switch */

struct net_network {
    uint8_t subnet[4]; /* 10.0.2.0 by default; the gateway is .1, the resolver .3 (as the guest sees
                          them) */
    uint8_t prefix;    /* 8..29; 24 by default */
    uint8_t pad[3];
    uint8_t subnet6[16];        /* an ULA /64 */
    uint8_t resolver[4];        /* the host's resolver, 0 for none */
    uint8_t resolver6[16];      /* 0 for none */
    uint32_t grants;            /* NET_GRANT_* */
    uint16_t mtu;               /* 1280..9000; 1500 by default */
    uint16_t resolver_port;     /* of the host's resolver; 53 by default */
    char domain[NET_NAME_SIZE]; /* names inside the network resolve as NAME and NAME.domain;
                                   "internal" */
};

/* The addresses that guests see as their gateway's and resolver's. */
static inline void net_gateway(const struct net_network *network, uint8_t ipv4[4], uint8_t ipv6[16])
{
    for (int i = 0; i < 16; i++)
        ipv6[i] = i < 8 ? network->subnet6[i] : i == 15;
    for (int i = 0; i < 4; i++)
        ipv4[i] = network->subnet[i];
    ipv4[3] |= 1;
}

static inline void net_resolver(const struct net_network *network, uint8_t ipv4[4], uint8_t ipv6[16])
{
    net_gateway(network, ipv4, ipv6);
    ipv4[3] |= 3;
    ipv6[15] = 3;
}

struct net_port {
    uint64_t id;              /* chosen by the parent, not 0 */
    char name[NET_NAME_SIZE]; /* the unikernel's DNS name inside the network, "web" or "web.tenant"
                               */
    uint8_t mac[6];           /* frames from the port with another source are dropped */
    uint8_t ipv4[4];          /* wanted; 0: the switch picks one (remembered per name) and answers it */
    uint8_t ipv6[16];         /* answered: the SLAAC address that this MAC gets */
    uint8_t pad[6];
    uint64_t rx_packets, rx_bytes; /* answered: to the guest */
    uint64_t tx_packets, tx_bytes; /* answered: from the guest */
    uint64_t dropped;              /* answered: frames refused or lost to a full queue */
};

enum net_protocol { NET_TCP = 1, NET_UDP = 2 };

struct net_listen {
    uint64_t id;         /* chosen by the parent, not 0 */
    uint64_t port_id;    /* the unikernel's port */
    uint16_t guest_port; /* 1..65535 */
    uint8_t protocol;    /* enum net_protocol */
    uint8_t pad[5];
};

/* What a port may carry each way in a second; at once, what one second brings. */
struct net_limit {
    uint64_t port_id;
    uint64_t bytes, packets; /* 0: any number */
};

struct net_request {
    uint32_t version; /* NET_CONTROL_VERSION */
    uint32_t op;      /* enum net_op */
    uint64_t sequence;
    union {
        struct net_network network;
        struct net_port port;
        struct net_listen listen;
        struct net_limit limit;
    } u;
};

struct net_reply {
    uint32_t version;
    int32_t error; /* 0, or a negative errno */
    uint64_t sequence;
    struct net_port port;       /* for PORT_ADD, PORT_REMOVE and QUERY */
    struct net_network network; /* unless there is an error: what holds now, defaults filled in */
    char text[256];             /* for an error: what failed: which: why */
};

#endif
