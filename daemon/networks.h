/*
 * networks.h: the networks that were defined, and what a network's name means for a unikernel.
 *
 * A network has a full name ("tenant:lan"); a unikernel names it by its label, and the nearest one at its
 * path or above is meant. "user" is always there, and "bridge:IF" is the host's bridge IF, unless a network
 * of that label is near (so Albatross's clients can name ours). Definitions do not change while they exist.
 */
#ifndef DAEMON_NETWORKS_H
#define DAEMON_NETWORKS_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "guard.h"
#include "lease.h"
#include "unikernel.h"
#include "wire_types.h"

struct connection;
struct daemon;
struct error;

#define NETWORKS_LABEL_MAX 24

/* One definition, in the daemon's list. */
struct network_entry {
    struct network_entry *next;
    char name[SCOPE_NAME_SIZE];
    struct owned *owned; /* struct wire_network_create */
};

/* What a device of a unikernel is to be attached to. */
struct network_plan {
    bool bridged;                         /* else a switch */
    char network[UNIKERNEL_NETWORK_SIZE]; /* what leases, and the keep for its switch, call it */
    char bridge[IFNAMSIZ];
    bool has_range; /* the daemon gives addresses */
    struct lease_range range;
    uint32_t resolver;
    uint32_t mtu; /* 0: the bridge's */
    bool isolate;
    struct guard_limits limits;
};

/* Loads the definitions, and makes the bridges that are ours. 0 or -errno. */
int networks_open(struct daemon *daemon, struct error *err);
void networks_close(struct daemon *daemon);

/* What NETWORK means for the unikernel NAME: 0; -ENOENT and ERR if there is none of that name. */
int networks_plan(const struct daemon *daemon, const char *name, struct wire_bytes network,
                  struct network_plan *plan, struct error *err);

/* network-create, network-list and network-remove; each answers the connection. */
void networks_create(struct connection *connection, const struct wire_network_create *config);
void networks_list(struct connection *connection);
void networks_remove(struct connection *connection);

#endif
