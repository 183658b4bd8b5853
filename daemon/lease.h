/* lease.h: which address belongs to which device of which unikernel, kept in the store. */
#ifndef DAEMON_LEASE_H
#define DAEMON_LEASE_H

#include <stdint.h>

struct error;
struct store;

/* A network's addresses, host order. The first ten are not for guests. */
struct lease_range {
    uint32_t subnet;
    uint8_t prefix;
    uint32_t gateway; /* not for guests either */
};

/*
 * The address (host order) of the device: the one it has, or WANTED if that is not 0 and free, or the lowest
 * free one of RANGE. Recorded in the store's current transaction. 0 with ERR: none is free, or WANTED is
 * taken or outside.
 */
uint32_t lease_assign(struct store *store, const char *name, const char *device, const char *network,
                      const struct lease_range *range, uint32_t wanted, struct error *err);

/* The address that the device has, or 0. */
uint32_t lease_find(struct store *store, const char *name, const char *device, const char *network);

#endif
