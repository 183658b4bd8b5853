/* arp.h: ARP: answered for the switch's own addresses, passed to the one port that is asked for otherwise. */
#ifndef NET_ARP_H
#define NET_ARP_H

#include "net/port.h"

/* Takes an ARP message from PORT's guest (RFC 826). */
void arp_input(struct port *port, const struct packet *packet);

#endif
