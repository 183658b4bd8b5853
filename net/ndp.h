/*
 * ndp.h: neighbour discovery (RFC 4861) and stateless configuration (RFC 4862, 8106): the switch is the
 * router, and the only one: advertisements and redirects from guests are dropped.
 */
#ifndef NET_NDP_H
#define NET_NDP_H

#include "net/port.h"

/* Whether PACKET is a discovery message, which goes to ndp_input() and never straight to another port. */
bool ndp_concerns(const struct packet *packet);

/* Takes a discovery message from PORT's guest. */
void ndp_input(struct port *port, const struct packet *packet);

/* Starts and ends the periodic advertisements. */
int ndp_open(struct net *net, struct error *err);
void ndp_close(struct net *net);

/*
 * Writes a frame from FROM at FROM_MAC that advertises TARGET at the same hardware address. The writer is
 * full afterwards if it did not fit. FLAGS: the top byte of the message's flags.
 */
struct ndp_advertisement {
    const uint8_t *to_mac, *from_mac;
    const uint8_t *from, *to, *target; /* IPv6 */
    uint8_t flags;
};
void ndp_write_neighbour(struct frame_writer *writer, const struct ndp_advertisement *advertisement);

#endif
