/* lease.h: which address belongs to which device of which unikernel, kept in the store. */
#ifndef DAEMON_LEASE_H
#define DAEMON_LEASE_H

#include <stdint.h>

struct error;
struct store;

/*
 * The address (host order) of the device: the one it has, or WANTED if that is not 0 and free, or the lowest
 * free one of the network (SUBNET/PREFIX, host order; the first ten are the switch's own). Recorded
 * in the store's current transaction. 0 with ERR: none is free, or WANTED is taken or outside.
 */
uint32_t lease_assign(struct store *store, const char *name, const char *device, const char *network,
                      uint32_t subnet, int prefix, uint32_t wanted, struct error *err);

/* The address that the device has, or 0. */
uint32_t lease_find(struct store *store, const char *name, const char *device, const char *network);

#endif
