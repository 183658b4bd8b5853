/* lease.c: see lease.h. A name that asked long ago loses its address when no other is left. */
#include "lease.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "host/error.h"
#include "net/net.h"

#define LEASE_FIRST_HOST 4u     /* below: subnet, gateway, one kept free, resolver */
#define LEASE_LIMIT      65536u /* names remembered */

struct lease {
    struct table_entry by_name, by_ipv4;
    uint8_t ipv4[4];
    char name[];
};

static struct lease *find_name(const struct net *net, const char *name)
{
    uint64_t key = table_name_key(name);
    for (struct table_entry *e = table_next(&net->leases, key, NULL); e != NULL;
         e = table_next(&net->leases, key, e)) {
        struct lease *lease = e->owner;
        if (strcasecmp(lease->name, name) == 0)
            return lease;
    }
    return NULL;
}

static void forget(struct net *net, struct lease *lease)
{
    table_remove(&net->leases, &lease->by_name);
    table_remove(&net->leased, &lease->by_ipv4);
    free(lease);
}

static int remember(struct net *net, const char *name, const uint8_t ipv4[static 4])
{
    struct lease *old = find_name(net, name);
    if (old != NULL)
        forget(net, old);
    if ((old = table_find(&net->leased, packet_ipv4_key(ipv4))) != NULL)
        forget(net, old);
    if (net->leases.count >= LEASE_LIMIT)
        return 0;
    size_t size = strlen(name) + 1;
    struct lease *lease = calloc(1, sizeof *lease + size);
    if (lease == NULL)
        return -ENOMEM;
    memcpy(lease->name, name, size);
    memcpy(lease->ipv4, ipv4, 4);
    if (table_add(&net->leases, &lease->by_name, table_name_key(name), lease) == 0 &&
        table_add(&net->leased, &lease->by_ipv4, packet_ipv4_key(ipv4), lease) == 0)
        return 0;
    forget(net, lease);
    return -ENOMEM;
}

static int check_wanted(const struct net *net, const uint8_t wanted[static 4], struct error *err)
{
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, wanted, text, sizeof text);
    uint32_t host = ntohl(packet_ipv4_key(wanted)) - ntohl(packet_ipv4_key(net->config.subnet));
    if (!net_contains(net, wanted) || host == 0 || net_is_own(net, wanted) ||
        memcmp(wanted, net->broadcast, 4) == 0)
        return error_set(err, EINVAL, "choose address", text, "it is not one for guests of this network");
    if (table_find(&net->by_ipv4, packet_ipv4_key(wanted)) != NULL)
        return error_set(err, EADDRINUSE, "choose address", text, "another port has it");
    return 0;
}

/* The first address without a port; one that nobody remembers either, if LEASED is false. */
static bool find_free(const struct net *net, bool leased, uint8_t address[static 4])
{
    uint32_t last = UINT32_MAX >> net->config.prefix;
    for (uint32_t host = LEASE_FIRST_HOST; host < last; host++) {
        uint32_t candidate = htonl(ntohl(packet_ipv4_key(net->config.subnet)) + host);
        if (table_find(&net->by_ipv4, candidate) != NULL)
            continue;
        if (!leased && table_find(&net->leased, candidate) != NULL)
            continue;
        memcpy(address, &candidate, 4);
        return true;
    }
    return false;
}

int lease_take(struct net *net, const char *name, const uint8_t wanted[static 4], uint8_t address[static 4],
               struct error *err)
{
    const struct lease *known = find_name(net, name);
    int result = 0;
    if (packet_ipv4_key(wanted) != 0) {
        result = check_wanted(net, wanted, err);
        memcpy(address, wanted, 4);
    } else if (known != NULL && table_find(&net->by_ipv4, packet_ipv4_key(known->ipv4)) == NULL) {
        memcpy(address, known->ipv4, 4);
    } else if (!find_free(net, false, address) && !find_free(net, true, address)) {
        return error_set(err, ENOSPC, "choose address", name, "every address of the network is taken");
    }
    if (result == 0 && (result = remember(net, name, address)) < 0)
        error_set(err, ENOMEM, "remember address", name, NULL);
    return result;
}

void lease_forget_all(struct net *net)
{
    for (size_t i = 0; i < net->leases.size; i++)
        while (net->leases.slots[i] != NULL)
            forget(net, net->leases.slots[i]->owner);
    table_free(&net->leases);
    table_free(&net->leased);
}
