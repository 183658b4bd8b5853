/*
 * dns.h: the resolver that guests see: it knows the names of the network's ports and asks the host's
 * resolver for all others.
 *
 * Over UDP only: a connection to its TCP port is refused by the stack.
 */
#ifndef NET_DNS_H
#define NET_DNS_H

#include "net/port.h"

int dns_open(struct net *net, struct error *err);
void dns_close(struct net *net);

/* Forgets the questions that PORT's guest has asked. */
void dns_forget(struct port *port);

#endif
