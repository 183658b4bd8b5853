/*
 * egress.h: the way out: libslirp, one instance for each port, created when its first packet leaves.
 *
 * An instance is cheap while nothing leaves and takes nothing from another: libslirp searches its sockets
 * and neighbours one by one, and its limits are those of one guest. It does egress only; addresses that
 * nobody outside has (loopback, link-local, the clouds' metadata) are refused before it sees them.
 */
#ifndef NET_EGRESS_H
#define NET_EGRESS_H

#include "net/port.h"

/* Takes a packet from PORT's guest that is addressed to outside, or to the host where that is granted. */
void egress_input(struct port *port, const struct packet *packet);

/* The port's socket takes frames again. */
void egress_port_ready(struct port *port);

/* Ends the port's instance and its connections, if it has one. */
void egress_close(struct port *port);

#endif
