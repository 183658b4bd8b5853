/* lease.c: addresses of unikernels; see lease.h. */
#define _GNU_SOURCE
#include "lease.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/error.h"
#include "store.h"

#define LEASE_FIRST 10 /* .1 is the gateway, .3 the resolver */

struct search {
    const char *name, *device, *network;
    uint32_t subnet, hosts, gateway;
    uint32_t wanted, found;
    int taken;     /* WANTED belongs to another */
    uint8_t *used; /* a bit for each address of the subnet; NULL: not asked for */
};

static int look_at(void *context, const struct store_lease *lease)
{
    struct search *search = context;
    if (strcmp(lease->network, search->network) != 0)
        return 0;
    if (strcmp(lease->name, search->name) == 0 && strcmp(lease->device, search->device) == 0) {
        search->found = lease->ipv4;
        return 0;
    }
    if (lease->ipv4 == search->wanted)
        search->taken = 1;
    uint32_t host = lease->ipv4 - search->subnet;
    if (search->used != NULL && host < search->hosts)
        search->used[host / 8] = (uint8_t)(search->used[host / 8] | 1u << (host % 8));
    return 0;
}

uint32_t lease_find(struct store *store, const char *name, const char *device, const char *network)
{
    struct search search = {.name = name, .device = device, .network = network};
    store_leases(store, look_at, &search, NULL);
    return search.found;
}

static uint32_t lowest_free(const struct search *search)
{
    /* The last address is the broadcast. */
    for (uint32_t host = LEASE_FIRST; host < search->hosts - 1; host++)
        if ((search->used[host / 8] & 1u << (host % 8)) == 0 && search->subnet + host != search->gateway)
            return search->subnet + host;
    return 0;
}

static uint32_t choose(const struct search *search, struct error *err)
{
    if (search->wanted == 0 && search->found != 0 && search->found - search->subnet < search->hosts)
        return search->found;
    if (search->wanted == 0) {
        uint32_t address = lowest_free(search);
        if (address == 0)
            error_set(err, EADDRNOTAVAIL, "network", search->network, "no address is free");
        return address;
    }
    uint32_t host = search->wanted - search->subnet;
    if (host < LEASE_FIRST || host >= search->hosts - 1 || search->wanted == search->gateway)
        error_set(err, EADDRNOTAVAIL, "network", search->network, "the address is not one of the network's");
    else if (search->taken)
        error_set(err, EADDRINUSE, "network", search->network, "the address belongs to another unikernel");
    else
        return search->wanted;
    return 0;
}

uint32_t lease_assign(struct store *store, const char *name, const char *device, const char *network,
                      const struct lease_range *range, uint32_t wanted, struct error *err)
{
    struct search search = {.name = name,
                            .device = device,
                            .network = network,
                            .subnet = range->subnet,
                            .gateway = range->gateway,
                            .hosts = UINT32_C(1) << (32 - range->prefix),
                            .wanted = wanted};
    search.used = calloc(search.hosts / 8 + 1, 1);
    if (search.used == NULL) {
        error_set(err, ENOMEM, "network", network, NULL);
        return 0;
    }
    uint32_t address = store_leases(store, look_at, &search, err) < 0 ? 0 : choose(&search, err);
    free(search.used);
    struct store_lease lease = {.name = name, .device = device, .network = network, .ipv4 = address};
    if (address != 0 && address != search.found && store_lease_put(store, &lease, err) < 0)
        return 0;
    return address;
}
