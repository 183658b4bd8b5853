/* stack.h: the gateway's own TCP/IP stack, which is lwIP: its interface to the switch, and its timers. */
#ifndef NET_STACK_H
#define NET_STACK_H

#include "net/net.h"

/* Brings the stack up with the network's addresses; one network at a time in a process. */
int stack_open(struct net *net, struct error *err);
void stack_close(struct net *net);

/* Takes a packet that is addressed to the switch itself. */
void stack_input(struct net *net, const struct packet *packet);

/* Whether PACKET belongs to a connection or an exchange that the switch itself began, or to its DNS. */
bool stack_expects(const struct net *net, const struct packet *packet);

#endif
