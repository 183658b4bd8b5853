/* networks.c: see networks.h. */
#define _GNU_SOURCE
#include "networks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "daemon.h"
#include "host/error.h"
#include "host/log.h"
#include "link.h"
#include "networks_table.h"
#include "owned.h"
#include "policy.h"
#include "scope.h"
#include "store.h"

#define USER_SUBNET   0x0a400000u /* 10.64.0.0/16: room for all unikernels of a host */
#define USER_PREFIX   16
#define USER_RESOLVER 3

static const char bridge_prefix[] = "bridge:";

struct network_entry *networks_find(const struct daemon *daemon, const char *name)
{
    struct network_entry *entry = daemon->definitions;
    while (entry != NULL && strcmp(entry->name, name) != 0)
        entry = entry->next;
    return entry;
}

int networks_insert(struct daemon *daemon, const char *name, struct owned *owned)
{
    struct network_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        owned_free(owned);
        return -ENOMEM;
    }
    snprintf(entry->name, sizeof entry->name, "%s", name);
    entry->owned = owned;
    struct network_entry **slot = &daemon->definitions;
    while (*slot != NULL && strcmp((*slot)->name, name) < 0)
        slot = &(*slot)->next;
    entry->next = *slot;
    *slot = entry;
    return 0;
}

void networks_forget(struct daemon *daemon, struct network_entry *entry)
{
    struct network_entry **slot = &daemon->definitions;
    while (*slot != entry)
        slot = &(*slot)->next;
    *slot = entry->next;
    owned_free(entry->owned);
    free(entry);
}

const struct wire_network_create *networks_config(const struct network_entry *entry)
{
    return entry->owned->value;
}

void networks_text(struct wire_bytes bytes, char *text, size_t size)
{
    snprintf(text, size, "%.*s", (int)(bytes.size < size ? bytes.size : size - 1), (const char *)bytes.data);
}

static int load_network(void *context, const char *name, const void *der, size_t size)
{
    struct error err = {0};
    struct owned *owned =
        owned_decode(&wire_type_network_create, der, size, sizeof(struct wire_network_create), &err);
    if (owned == NULL) {
        log_error("network %s is not restored: %s", name, err.text);
        return 0;
    }
    return networks_insert(context, name, owned);
}

int networks_make_bridge(const struct wire_network_create *config, struct error *err)
{
    char name[IFNAMSIZ];
    struct lease_range range;
    networks_text(config->bridge, name, sizeof name);
    networks_range(config, &range);
    return link_make_bridge(name, range.gateway, range.prefix, (uint32_t)config->mtu, err);
}

int networks_open(struct daemon *daemon, struct error *err)
{
    int result = store_networks(daemon->store, load_network, daemon, err);
    /* After a restart of the machine ours are gone; one that cannot be made fails what is attached to it. */
    for (const struct network_entry *e = daemon->definitions; result == 0 && e != NULL; e = e->next) {
        struct error why = {0};
        if (networks_config(e)->own && networks_make_bridge(networks_config(e), &why) < 0)
            log_failure(&why);
    }
    return result;
}

void networks_close(struct daemon *daemon)
{
    while (daemon->definitions != NULL)
        networks_forget(daemon, daemon->definitions);
}

bool networks_range(const struct wire_network_create *config, struct lease_range *range)
{
    uint8_t prefix;
    memset(range, 0, sizeof *range);
    if (config->subnet.size == 0 || !address_parse(config->subnet, &range->subnet, &range->prefix))
        return false;
    range->gateway = range->subnet + 1;
    if (config->gateway.size > 0)
        address_parse(config->gateway, &range->gateway, &prefix);
    return true;
}

/* The definition of LABEL nearest to the unikernel NAME. */
static const struct network_entry *nearest(const struct daemon *daemon, const char *name,
                                           struct wire_bytes label)
{
    const struct network_entry *found = NULL;
    for (const struct network_entry *e = daemon->definitions; e != NULL; e = e->next) {
        char path[SCOPE_NAME_SIZE];
        scope_parent(e->name, path);
        if (wire_text_is(label, scope_label(e->name)) && scope_contains(path, name) &&
            (found == NULL || strlen(e->name) > strlen(found->name)))
            found = e;
    }
    return found;
}

static void plan_switch(const char *name, const char *label, struct network_plan *plan)
{
    char path[SCOPE_NAME_SIZE];
    scope_parent(name, path);
    snprintf(plan->network, sizeof plan->network, "%.*s@%s", NETWORKS_LABEL_MAX, label, path);
    if (!plan->has_range)
        plan->range = (struct lease_range){USER_SUBNET, USER_PREFIX, USER_SUBNET + 1};
    plan->has_range = true;
    plan->resolver = plan->range.subnet + USER_RESOLVER;
}

/* A bridge is one network for all paths: so are its addresses. */
static void plan_entry(const struct network_entry *entry, const char *name, struct network_plan *plan)
{
    const struct wire_network_create *config = networks_config(entry);
    plan->has_range = networks_range(config, &plan->range);
    plan->mtu = (uint32_t)config->mtu;
    plan->limits = (struct guard_limits){(uint64_t)config->bytes, (uint64_t)config->packets};
    plan->isolate = config->isolate;
    plan->bridged = config->kind == WIRE_NETWORK_KIND_BRIDGE;
    if (!plan->bridged) {
        plan_switch(name, scope_label(entry->name), plan);
        return;
    }
    networks_text(config->bridge, plan->bridge, sizeof plan->bridge);
    snprintf(plan->network, sizeof plan->network, "%s", entry->name);
}

/* Takes "bridge:" off. */
static bool is_bridge(struct wire_bytes network, struct wire_bytes *label)
{
    size_t size = sizeof bridge_prefix - 1;
    bool bridge = network.size > size && memcmp(network.data, bridge_prefix, size) == 0;
    *label = bridge ? (struct wire_bytes){network.data + size, network.size - size} : network;
    return bridge;
}

const struct network_entry *networks_entry_for(const struct daemon *daemon, const char *name,
                                               struct wire_bytes network)
{
    struct wire_bytes label;
    is_bridge(network, &label);
    return nearest(daemon, name, label);
}

int networks_plan(const struct daemon *daemon, const char *name, struct wire_bytes network,
                  struct network_plan *plan, struct error *err)
{
    struct wire_bytes label;
    char text[64];
    memset(plan, 0, sizeof *plan);
    bool bridge = is_bridge(network, &label);
    if (wire_text_is(network, POLICY_NETWORK)) {
        plan_switch(name, POLICY_NETWORK, plan);
        return 0;
    }
    const struct network_entry *entry = nearest(daemon, name, label);
    if (entry != NULL) {
        plan_entry(entry, name, plan);
        return 0;
    }
    if (bridge && label.size < IFNAMSIZ) {
        plan->bridged = true;
        networks_text(label, plan->bridge, sizeof plan->bridge);
        snprintf(plan->network, sizeof plan->network, "%s%s", bridge_prefix, plan->bridge);
        return 0;
    }
    networks_text(network, text, sizeof text);
    error_set(err, ENOENT, "network", text, "there is none of this name for %s", name);
    error_hint(err, "'bivy network ls' lists them; user is always there, and bridge:IF is the bridge IF");
    return -ENOENT;
}
