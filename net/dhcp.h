/*
 * dhcp.h: the DHCP server (RFC 2131, 2132): each port is told the one address that it has anyway.
 *
 * There is no pool and no state: the parent chose the address when it added the port.
 */
#ifndef NET_DHCP_H
#define NET_DHCP_H

#include "net/port.h"

#define DHCP_SERVER_PORT 67u
#define DHCP_CLIENT_PORT 68u

/* Takes a datagram to the server's port from PORT's guest. */
void dhcp_input(struct port *port, const struct packet *packet);

#endif
