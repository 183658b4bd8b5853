/*
 * lease.h: which IPv4 address belongs to which name, remembered for as long as the switch lives.
 *
 * An address is chosen when a port is added, not when its guest asks: the parent can then hand it to the
 * guest as a boot argument, and DHCP only repeats it.
 */
#ifndef NET_LEASE_H
#define NET_LEASE_H

#include <stdint.h>

struct error;
struct net;

/*
 * Chooses the address of the port to be added under NAME: WANTED unless it is 0, else the one that NAME
 * had before, else a free one, and remembers it. 0; -EADDRINUSE if another port has WANTED; -EINVAL if
 * WANTED is outside the network or the switch's own; -ENOSPC if no address is left; -ENOMEM.
 */
int lease_take(struct net *net, const char *name, const uint8_t wanted[static 4], uint8_t address[static 4],
               struct error *err);

/* Frees all that is remembered. */
void lease_forget_all(struct net *net);

#endif
