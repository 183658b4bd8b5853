/* policies.c: the policies that hold; see policies.h. */
#define _GNU_SOURCE
#include "policies.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon.h"
#include "host/error.h"
#include "host/log.h"
#include "keep/protocol.h"
#include "link.h"
#include "networks.h"
#include "owned.h"
#include "scope.h"
#include "store.h"
#include "unikernel.h"

#define RESERVE_LEAST 128 /* MiB of the host that no unikernel gets: a sixteenth, within these bounds */
#define RESERVE_MOST  4096

static int entry_insert(struct daemon *daemon, const char *path, struct owned *owned)
{
    struct policy_entry **slot = &daemon->policies;
    while (*slot != NULL && strcmp((*slot)->path, path) != 0)
        slot = &(*slot)->next;
    if (*slot == NULL) {
        struct policy_entry *entry = calloc(1, sizeof *entry);
        char *copy = strdup(path);
        if (entry == NULL || copy == NULL) {
            free(entry);
            free(copy);
            owned_free(owned);
            return -ENOMEM;
        }
        entry->path = copy;
        *slot = entry;
    }
    owned_free((*slot)->owned);
    (*slot)->owned = owned;
    return 0;
}

static void entry_free(struct policy_entry *entry)
{
    owned_free(entry->owned);
    free((char *)(uintptr_t)entry->path);
    free(entry);
}

/* Appends the labels of the networks that were defined; two of one label are one name in a policy. */
static size_t find_networks(const struct daemon *daemon, struct wire_bytes *names, size_t count, size_t limit)
{
    for (const struct network_entry *e = daemon->definitions; e != NULL && count < limit; e = e->next) {
        size_t i = 0;
        while (i < count && !wire_text_is(names[i], scope_label(e->name)))
            i++;
        if (i == count)
            names[count++] = wire_text(scope_label(e->name));
    }
    return count;
}

struct bridges {
    struct wire_bytes *names;
    size_t count, limit;
    struct wire_arena *arena;
};

static void take_bridge(void *context, const struct link *link)
{
    struct bridges *bridges = context;
    if (!link->bridge || bridges->count == bridges->limit)
        return;
    char *name = wire_arena_take(bridges->arena, sizeof link->name, NULL);
    if (name == NULL)
        return;
    memcpy(name, link->name, sizeof link->name);
    bridges->names[bridges->count++] = wire_text(name);
}

/* Appends the host's bridges to the networks. */
static size_t find_bridges(struct wire_bytes *names, size_t count, size_t limit, struct wire_arena *arena)
{
    struct bridges bridges = {names, count, limit, arena};
    link_each(take_bridge, &bridges, NULL);
    return bridges.count;
}

/* What is left to the system, which would otherwise be the one that runs out: a part of TOTAL in MiB. */
static int64_t without_reserve(int64_t total)
{
    int64_t reserve = total / 16;
    if (reserve < RESERVE_LEAST)
        reserve = RESERVE_LEAST;
    if (reserve > RESERVE_MOST)
        reserve = RESERVE_MOST;
    return total > reserve ? total - reserve : 0;
}

static int64_t disk_mib(const char *state_dir)
{
    struct statvfs status;
    if (statvfs(state_dir, &status) < 0)
        return 0;
    return (int64_t)((uint64_t)status.f_blocks * status.f_frsize >> 20);
}

static int64_t memory_mib(void)
{
    return (int64_t)((uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) >> 20);
}

/* The processors that the daemon itself may use: a container may have few of the host's. */
static size_t find_cpus(int64_t cpuids[static POLICY_CPUS_MAX])
{
    cpu_set_t allowed;
    size_t count = 0;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0)
        CPU_SET(0, &allowed);
    for (size_t i = 0; i < POLICY_CPUS_MAX && i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &allowed))
            cpuids[count++] = (int64_t)i;
    return count;
}

/* What the host has, in the form of a policy (Albatross protocol facts, section 6). */
int policies_discover(struct daemon *daemon, struct error *err)
{
    struct wire_arena arena = {0};
    struct wire_bytes bridges[256] = {wire_text(POLICY_NETWORK)};
    const size_t most = sizeof bridges / sizeof *bridges;
    int64_t cpuids[POLICY_CPUS_MAX];
    struct wire_policy root = {.unikernels = POLICY_UNLIMITED,
                               .memory = without_reserve(memory_mib()),
                               .has_block = true,
                               .block = without_reserve(disk_mib(daemon->state_dir))};
    root.cpuids.count = find_cpus(cpuids);
    root.cpuids.items = cpuids;
    root.bridges.items = bridges;
    root.bridges.count = find_networks(daemon, bridges, 1, most);
    if (daemon->root)
        root.bridges.count = find_bridges(bridges, root.bridges.count, most, &arena);
    struct owned *owned = owned_copy(&wire_type_policy, &root, sizeof root, err);
    wire_arena_free(&arena);
    return owned == NULL ? -ENOMEM : entry_insert(daemon, ":", owned);
}

static int load_policy(void *context, const char *path, const void *der, size_t size)
{
    struct daemon *daemon = context;
    struct error err = {0};
    struct owned *owned = owned_decode(&wire_type_policy, der, size, sizeof(struct wire_policy), &err);
    if (owned == NULL) {
        log_error("policy %s is not restored: %s", path, err.text);
        return 0;
    }
    return entry_insert(daemon, path, owned);
}

int policies_open(struct daemon *daemon, struct error *err)
{
    int result = policies_discover(daemon, err);
    return result < 0 ? result : store_policies(daemon->store, load_policy, daemon, err);
}

void policies_close(struct daemon *daemon)
{
    while (daemon->policies != NULL) {
        struct policy_entry *entry = daemon->policies;
        daemon->policies = entry->next;
        entry_free(entry);
    }
}

const struct wire_policy *policies_find(const struct daemon *daemon, const char *path)
{
    for (const struct policy_entry *entry = daemon->policies; entry != NULL; entry = entry->next)
        if (strcmp(entry->path, path) == 0)
            return entry->owned->value;
    return NULL;
}

void policies_reserve(struct daemon *daemon, struct policy_reservation *reservation)
{
    reservation->next = daemon->reservations;
    daemon->reservations = reservation;
}

void policies_release(struct daemon *daemon, struct policy_reservation *reservation)
{
    struct policy_reservation **slot = &daemon->reservations;
    while (*slot != NULL && *slot != reservation)
        slot = &(*slot)->next;
    if (*slot != NULL)
        *slot = reservation->next;
}

static void view_reservation(struct policy_view *view, struct policy_demand *demands,
                             const struct policy_reservation *reservation)
{
    struct policy_demand new = unikernel_demand(reservation->name, reservation->deploy);
    for (size_t i = 0; i < view->demand_count; i++)
        if (demands[i].unikernels == 1 && strcmp(demands[i].name, new.name) == 0) {
            if (demands[i].memory < new.memory)
                demands[i].memory = new.memory;
            return;
        }
    demands[view->demand_count++] = new;
}

int policies_view(const struct daemon *daemon, struct policy_view *view)
{
    size_t count = 0, demand_count = daemon->unikernel_count;
    for (const struct policy_entry *entry = daemon->policies; entry != NULL; entry = entry->next)
        count++;
    for (const struct policy_reservation *r = daemon->reservations; r != NULL; r = r->next)
        demand_count++;
    struct policy *policies = calloc(count + 1, sizeof *policies);
    struct policy_demand *demands = calloc(demand_count + 1, sizeof *demands);
    *view = (struct policy_view){.policies = policies, .demands = demands};
    if (policies == NULL || demands == NULL) {
        policies_view_free(view);
        return -ENOMEM;
    }
    for (const struct policy_entry *entry = daemon->policies; entry != NULL; entry = entry->next)
        policies[view->policy_count++] = (struct policy){entry->path, entry->owned->value};
    for (size_t i = 0; i < daemon->unikernel_count; i++)
        demands[view->demand_count++] =
            unikernel_demand(daemon->unikernels[i]->name, daemon->unikernels[i]->deploy);
    for (const struct policy_reservation *r = daemon->reservations; r != NULL; r = r->next)
        view_reservation(view, demands, r);
    return 0;
}

void policies_view_free(struct policy_view *view)
{
    free((void *)(uintptr_t)view->policies);
    free((void *)(uintptr_t)view->demands);
    *view = (struct policy_view){0};
}

int policies_add(struct daemon *daemon, const char *path, const struct wire_policy *limits, struct error *err)
{
    struct policy_view view;
    const struct wire_policy *old = policies_find(daemon, path);
    if (strcmp(path, ":") == 0)
        return error_set(err, EPERM, "policy", path, "the root's policy is what the host has");
    if (old != NULL && policy_equal(old, limits))
        return 1;
    if (policies_view(daemon, &view) < 0)
        return error_set(err, ENOMEM, "policy", path, NULL);
    int result = policy_check(&view, path, limits, err);
    policies_view_free(&view);
    if (result < 0)
        return result;
    struct owned *owned = owned_copy(&wire_type_policy, limits, sizeof *limits, err);
    if (owned == NULL)
        return -EINVAL;
    result = store_policy_put(daemon->store, path, owned->der.data, owned->der.size, err);
    if (result < 0) {
        owned_free(owned);
        return result;
    }
    result = entry_insert(daemon, path, owned);
    return result < 0 ? error_set(err, -result, "policy", path, NULL) : 0;
}

int policies_remove(struct daemon *daemon, const char *path, struct error *err)
{
    struct policy_entry **slot = &daemon->policies;
    while (*slot != NULL && strcmp((*slot)->path, path) != 0)
        slot = &(*slot)->next;
    if (strcmp(path, ":") == 0)
        return error_set(err, EPERM, "policy", path, "the root's policy is what the host has");
    if (*slot == NULL)
        return error_set(err, ENOENT, "policy", path, "not found");
    int result = store_policy_delete(daemon->store, path, err);
    if (result < 0)
        return result;
    struct policy_entry *entry = *slot;
    *slot = entry->next;
    entry_free(entry);
    return 0;
}

int policies_admit(struct daemon *daemon, const char *name, const struct wire_deploy *deploy,
                   struct error *err)
{
    struct policy_view view;
    struct policy_demand demand = unikernel_demand(name, deploy);
    if (policies_view(daemon, &view) < 0)
        return error_set(err, ENOMEM, "policy", name, NULL);
    int result = policy_admit(&view, &demand, err);
    policies_view_free(&view);
    return result;
}

bool policies_cpus(const struct daemon *daemon, const char *name, const struct wire_deploy *deploy,
                   uint64_t *mask)
{
    const struct wire_policy *root = policies_find(daemon, ":");
    size_t count = 0;
    memset(mask, 0, KEEP_CPU_WORDS * sizeof *mask);
    for (size_t i = 0; root != NULL && i < root->cpuids.count; i++) {
        int64_t cpu = root->cpuids.items[i];
        bool allowed = deploy->cpuids.count == 0;
        for (size_t j = 0; j < deploy->cpuids.count; j++)
            allowed = allowed || deploy->cpuids.items[j] == cpu;
        for (const struct policy_entry *e = daemon->policies; allowed && e != NULL; e = e->next) {
            const struct wire_policy *limits = e->owned->value;
            bool listed = !scope_contains(e->path, name);
            for (size_t j = 0; j < limits->cpuids.count && !listed; j++)
                listed = limits->cpuids.items[j] == cpu;
            allowed = listed;
        }
        if (!allowed)
            continue;
        mask[cpu / 64] |= UINT64_C(1) << (cpu % 64);
        count++;
    }
    /* No processor at all is what no policy meant: it was narrowed after the admission. */
    return root != NULL && count > 0 && count < root->cpuids.count;
}
