/* networks_request.c: defining networks, listing and removing them; see networks.h. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "connection.h"
#include "daemon.h"
#include "host/error.h"
#include "link.h"
#include "networks.h"
#include "networks_table.h"
#include "owned.h"
#include "policies.h"
#include "scope.h"
#include "store.h"
#include "unikernel.h"
#include "usernet.h"

#define PREFIX_LEAST 8
#define PREFIX_MOST  28 /* the first ten addresses are not for guests */
#define MTU_LEAST    1280
#define MTU_MOST     9000

static int check_name(const struct daemon *daemon, const char *name, struct error *err)
{
    const char *label = scope_label(name);
    if (scope_is_path(name) || strlen(label) > NETWORKS_LABEL_MAX)
        return error_set(err, EINVAL, "network", name, "its name needs a last label of 1 to %d characters",
                         NETWORKS_LABEL_MAX);
    if (strcmp(label, POLICY_NETWORK) == 0)
        return error_set(err, EEXIST, "network", name, "this one is everywhere already");
    if (networks_find(daemon, name) != NULL)
        return error_set(err, EEXIST, "network", name, "it exists already");
    return 0;
}

static int check_range(const char *name, const struct wire_network_create *config, struct error *err)
{
    uint32_t subnet = 0, gateway = 0;
    uint8_t prefix = 0, none = 0;
    if (config->subnet.size == 0 && config->gateway.size > 0)
        return error_set(err, EINVAL, "network", name, "a gateway without a subnet");
    if (config->subnet.size == 0)
        return 0;
    if (!address_parse(config->subnet, &subnet, &prefix) || prefix < PREFIX_LEAST || prefix > PREFIX_MOST ||
        (subnet & address_hosts(prefix)) != 0)
        return error_set(err, EINVAL, "network", name, "a subnet is A.B.C.0/N, N %d to %d", PREFIX_LEAST,
                         PREFIX_MOST);
    if (config->gateway.size == 0)
        return 0;
    if (!address_parse(config->gateway, &gateway, &none) || none != 0 ||
        ((gateway ^ subnet) & ~address_hosts(prefix)) != 0 || gateway == subnet)
        return error_set(err, EINVAL, "network", name, "the gateway is not an address of the subnet");
    return 0;
}

static int check_bridge(const struct daemon *daemon, const char *name,
                        const struct wire_network_create *config, struct error *err)
{
    char interface[IFNAMSIZ];
    struct link link = {0};
    if (config->bridge.size < 1 || config->bridge.size >= IFNAMSIZ ||
        memchr(config->bridge.data, '/', config->bridge.size) != NULL)
        return error_set(err, EINVAL, "network", name, "an interface's name has 1 to %d letters and digits",
                         IFNAMSIZ - 1);
    networks_text(config->bridge, interface, sizeof interface);
    if (!daemon->root) {
        error_set(err, EPERM, "network", name, "only a daemon of root's attaches to bridges");
        error_hint(err, "a user network needs no privilege: leave out --bridge");
        return -EPERM;
    }
    struct error why = {0};
    bool exists = link_find(interface, &link, &why) == 0;
    if (exists && config->own)
        return error_set(err, EEXIST, "make bridge", interface, "there is an interface of this name");
    if (!exists && !config->own) {
        error_set(err, ENODEV, "network", name, "there is no interface %s", interface);
        error_hint(err, "--own makes the bridge");
        return -ENODEV;
    }
    if (exists && !link.bridge)
        return error_set(err, EINVAL, "network", name, "%s is not a bridge", interface);
    return 0;
}

static int check_numbers(const char *name, const struct wire_network_create *config, struct error *err)
{
    if (config->mtu != 0 && (config->mtu < MTU_LEAST || config->mtu > MTU_MOST))
        return error_set(err, EINVAL, "network", name, "an MTU is %d to %d", MTU_LEAST, MTU_MOST);
    if (config->bytes < 0 || config->packets < 0 || config->packets > UINT32_MAX)
        return error_set(err, EINVAL, "network", name, "a limit is out of range");
    if (config->kind != WIRE_NETWORK_KIND_USER && config->kind != WIRE_NETWORK_KIND_BRIDGE)
        return error_set(err, EINVAL, "network", name, "unknown kind");
    if (config->kind == WIRE_NETWORK_KIND_USER &&
        (config->bridge.size > 0 || config->own || config->isolate || config->gateway.size > 0))
        return error_set(err, EINVAL, "network", name, "bridge, gateway and isolation are for bridges");
    return 0;
}

/* A nearer network would change what a label means for unikernels that have been attached. */
static int check_uses(const struct daemon *daemon, const char *name, struct error *err)
{
    char path[SCOPE_NAME_SIZE];
    scope_parent(name, path);
    for (size_t i = 0; i < daemon->unikernel_count; i++) {
        const struct unikernel *unikernel = daemon->unikernels[i];
        for (size_t j = 0; scope_contains(path, unikernel->name) && j < unikernel->deploy->networks.count;
             j++)
            if (wire_text_is(unikernel->deploy->networks.items[j].network, scope_label(name)))
                return error_set(err, EBUSY, "network", name, "%s uses another of this label",
                                 unikernel->name);
    }
    return 0;
}

static int check(const struct daemon *daemon, const char *name, const struct wire_network_create *config,
                 struct error *err)
{
    int result = check_name(daemon, name, err);
    if (result == 0)
        result = check_numbers(name, config, err);
    if (result == 0)
        result = check_range(name, config, err);
    if (result == 0 && config->kind == WIRE_NETWORK_KIND_BRIDGE)
        result = check_bridge(daemon, name, config, err);
    return result == 0 ? check_uses(daemon, name, err) : result;
}

/* Recorded first: a daemon that dies in between makes the bridge when it comes back. */
static int create(struct daemon *daemon, const char *name, const struct wire_network_create *config,
                  struct error *err)
{
    int result = check(daemon, name, config, err);
    struct owned *owned =
        result < 0 ? NULL : owned_copy(&wire_type_network_create, config, sizeof *config, err);
    if (owned == NULL)
        return result < 0 ? result : -ENOMEM;
    result = store_network_put(daemon->store, name, owned->der.data, owned->der.size, err);
    if (result == 0 && config->own && (result = networks_make_bridge(config, err)) < 0)
        store_network_delete(daemon->store, name, NULL);
    if (result < 0) {
        owned_free(owned);
        return result;
    }
    return networks_insert(daemon, name, owned);
}

static void reply_done(struct connection *connection, const char *text)
{
    struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_DONE, .u.done = wire_text(text)};
    connection_reply_bivy(connection, &reply);
}

void networks_create(struct connection *connection, const struct wire_network_create *config)
{
    struct daemon *daemon = connection_daemon(connection);
    struct error err = {0};
    int result = create(daemon, connection_query(connection), config, &err);
    if (result == 0)
        result = policies_discover(daemon, &err);
    if (result < 0)
        connection_fail(connection, &err);
    else
        reply_done(connection, "created network");
}

/* The unikernels that NETWORK is for; COUNT of them into NAMES unless it is NULL. */
static size_t users(const struct daemon *daemon, const struct network_entry *entry, struct wire_bytes *names)
{
    size_t count = 0;
    for (size_t i = 0; i < daemon->unikernel_count; i++) {
        const struct unikernel *unikernel = daemon->unikernels[i];
        bool uses = false;
        for (size_t j = 0; j < unikernel->deploy->networks.count; j++)
            uses = uses || networks_entry_for(daemon, unikernel->name,
                                              unikernel->deploy->networks.items[j].network) == entry;
        if (uses && names != NULL)
            names[count] = wire_text(unikernel->name);
        count += uses;
    }
    return count;
}

/* What is wrong with a bridge; "" if nothing is. */
static void find_trouble(const struct wire_network_create *config, char trouble[static 96])
{
    char name[IFNAMSIZ];
    struct link link = {0};
    trouble[0] = '\0';
    networks_text(config->bridge, name, sizeof name);
    if (config->kind != WIRE_NETWORK_KIND_BRIDGE)
        return;
    if (link_find(name, &link, NULL) < 0)
        snprintf(trouble, 96, "there is no interface %s", name);
    else if (!link.bridge)
        snprintf(trouble, 96, "%s is not a bridge", name);
    else if (!link.up)
        snprintf(trouble, 96, "bridge %s is down", name);
}

static int describe(const struct daemon *daemon, const struct network_entry *entry, const char *query,
                    struct wire_arena *arena, struct wire_network *network)
{
    char relative[SCOPE_NAME_SIZE];
    size_t count = users(daemon, entry, NULL);
    scope_relative(query, entry->name, relative);
    char *name = wire_arena_take(arena, strlen(relative) + 1, NULL);
    char *trouble = wire_arena_take(arena, 96, NULL);
    struct wire_bytes *names = wire_arena_take(arena, (count + 1) * sizeof *names, NULL);
    if (name == NULL || trouble == NULL || names == NULL)
        return -ENOMEM;
    strcpy(name, relative);
    users(daemon, entry, names);
    find_trouble(networks_config(entry), trouble);
    *network = (struct wire_network){.name = wire_text(name),
                                     .config = *networks_config(entry),
                                     .has_trouble = trouble[0] != '\0',
                                     .trouble = wire_text(trouble)};
    network->used_by.count = count;
    network->used_by.items = names;
    return 0;
}

void networks_list(struct connection *connection)
{
    const struct daemon *daemon = connection_daemon(connection);
    const char *query = connection_query(connection);
    struct wire_arena arena = {0};
    struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_NETWORKS};
    size_t count = 0;
    for (const struct network_entry *e = daemon->definitions; e != NULL; e = e->next)
        count++;
    struct wire_network *items = wire_arena_take(&arena, (count + 1) * sizeof *items, NULL);
    int result = items == NULL ? -ENOMEM : 0;
    count = 0;
    for (const struct network_entry *e = daemon->definitions; result == 0 && e != NULL; e = e->next)
        if (scope_matches(query, e->name))
            result = describe(daemon, e, query, &arena, &items[count++]);
    reply.u.networks.count = count;
    reply.u.networks.items = items;
    struct error err = {0};
    if (result < 0 && error_set(&err, ENOMEM, "list networks", query, NULL) < 0)
        connection_fail(connection, &err);
    else
        connection_reply_bivy(connection, &reply);
    wire_arena_free(&arena);
}

/* The bridge first: a daemon that dies in between makes it again, and the network is what it was. */
static int remove_network(struct daemon *daemon, const char *name, struct error *err)
{
    struct network_entry *entry = networks_find(daemon, name);
    char interface[IFNAMSIZ];
    if (entry == NULL)
        return error_set(err, ENOENT, "network", name, "not found");
    size_t count = users(daemon, entry, NULL);
    if (count > 0) {
        error_set(err, EBUSY, "network", name, "%zu unikernels are attached to it", count);
        error_hint(err, "destroy them first; 'bivy network ls' names them");
        return -EBUSY;
    }
    networks_text(networks_config(entry)->bridge, interface, sizeof interface);
    if (networks_config(entry)->own) {
        int result = link_remove(interface, err);
        if (result < 0 && result != -ENODEV)
            return result;
    }
    int result = store_network_delete(daemon->store, name, err);
    if (result < 0)
        return result;
    usernet_end_unused(daemon, scope_label(name));
    networks_forget(daemon, entry);
    return policies_discover(daemon, err);
}

void networks_remove(struct connection *connection)
{
    struct error err = {0};
    if (remove_network(connection_daemon(connection), connection_query(connection), &err) < 0)
        connection_fail(connection, &err);
    else
        reply_done(connection, "removed network");
}
