/*
 * port.h: one guest interface: its identity, its socket and its counters.
 *
 * A port's address, name and hardware address are given when it is added and never learned: a guest
 * cannot take another's. Its socket is never waited for: a full one loses the frame, which is counted.
 */
#ifndef NET_PORT_H
#define NET_PORT_H

#include <sys/uio.h>

#include "net/limit.h"
#include "net/net.h"

struct connection;
struct egress;
struct listener;
struct loop_source;

struct port {
    struct net *net;
    struct port *next, **link;
    struct table_entry by_id, by_mac, by_ipv4, by_name;
    uint64_t id;
    char name[NET_NAME_SIZE];
    uint8_t mac[PACKET_MAC_SIZE];
    uint8_t ipv4[4];
    uint8_t ipv6[16], link6[16]; /* the addresses that the MAC makes (EUI-64) */
    int socket;                  /* -1: its other end is gone */
    struct loop_source *source;
    bool full;                     /* the socket takes no more for now; the loop tells when it does */
    bool seen4, seen6;             /* the guest has sent ARP or IPv4, IPv6 */
    uint64_t seen_ns;              /* when it sent its first frame; 0: never */
    uint64_t flood_ns;             /* the time up to which its allowance of floods is used up */
    uint64_t rx_packets, rx_bytes; /* to the guest */
    uint64_t tx_packets, tx_bytes; /* from the guest */
    uint64_t dropped;
    struct limit to_guest, from_guest;

    struct egress *egress; /* NULL: nothing has left for outside yet */
    struct listener *listeners;
    struct connection *connections;
    size_t connection_count;
    unsigned queries; /* forwarded to the host's resolver and not yet answered */
};

/* 0, or -EINVAL: NAME is not one to three hundred letters, digits, '-', '_' in labels of 1 to 63. */
int port_check_name(const char *name, struct error *err);

/*
 * Adds the port that WANTED describes on SOCKET, which becomes the port's. With the id and MAC of a port
 * that exists, only the socket is replaced (a guest started again): address and listeners stay, its
 * connections are reset. NULL and ERR after a failure, with SOCKET closed.
 */
struct port *port_add(struct net *net, const struct net_port *wanted, int socket, struct error *err);

/* Closes everything of PORT and frees it. */
void port_remove(struct port *port);

struct port *port_find(const struct net *net, uint64_t id);
struct port *port_find_mac(const struct net *net, const uint8_t *mac);
struct port *port_find_ipv4(const struct net *net, const uint8_t *ipv4);
struct port *port_find_ipv6(const struct net *net, const uint8_t *ipv6);

/*
 * The port that ASKER means by NAME, the network's domain at its end or not: the one called so, or for a
 * single label the one with ASKER's path behind it. Letters' case is ignored.
 */
struct port *port_find_name(const struct port *asker, const char *name);

/* Fills ANSWER for the parent. */
void port_describe(const struct port *port, struct net_port *answer);

/* Sends one frame in COUNT parts; 0, -EAGAIN (nothing counted: the caller may try again), -EPIPE. */
int port_send_parts(struct port *port, const struct iovec *parts, size_t count);

/* Sends one frame, or loses and counts it. */
void port_send(struct port *port, const uint8_t *frame, size_t size);

/*
 * As port_send(), for a frame that came from another port and stays where it is until port_flush(): frames
 * for one port are gathered into one call of the kernel.
 */
void port_forward(struct port *port, const uint8_t *frame, size_t size);
void port_flush(struct net *net);

/* The buffers of received frames and of the gathered ones. */
int port_batch_open(struct net *net, struct error *err);
void port_batch_close(struct net *net);

#endif
