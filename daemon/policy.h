/*
 * policy.h: who may use how much of the host.
 *
 * A policy stands at a path and bounds everything at and below it. What a unikernel uses counts
 * against the policy of every path above it, up to the root, whose policy is what the host has: so
 * no arrangement of policies lets a path run more than any of its ancestors may. A policy is also a
 * promise: what it allows is taken from the policy above it, used or not, so that all policies next to
 * each other can be used to the full at the same time. Everything that
 * exists counts, stopped or not: what was admitted once can always be started again. Source:
 * Albatross protocol facts, section 6, made cumulative.
 */
#ifndef DAEMON_POLICY_H
#define DAEMON_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire_types.h"

struct error;

#define POLICY_CPUS_MAX  1024                     /* processor numbers are below this */
#define POLICY_UNLIMITED ((INT64_C(1) << 62) - 1) /* what the root's policy says of unikernels */
#define POLICY_NETWORK   "user"                   /* the user-mode network's name in a policy's bridges */

/* What a tender needs beside its guest's memory, in MiB: itself with its console, and the tables that map
 * the guest (1/512 of it; a virtual machine has two sets of them). The limit of its cgroup is the sum. */
#define POLICY_OVERHEAD_PROCESS(memory) (1 + (memory) / 512)
#define POLICY_OVERHEAD_VM(memory)      (2 + (memory) / 256)

struct policy {
    const char *path;
    const struct wire_policy *limits;
};

/* What exists: the sums and members that policies bound. */
struct policy_demand {
    const char *name;
    int64_t unikernels; /* 1, or 0 for a volume */
    int64_t memory;     /* MiB, the tender's overhead included */
    int64_t block;      /* MiB; of volumes */
    size_t cpu_count;
    const int64_t *cpus; /* none: any that is allowed */
    size_t network_count;
    const struct wire_deploy_net *networks;
};

struct policy_view {
    const struct policy *policies;
    size_t policy_count;
    const struct policy_demand *demands;
    size_t demand_count;
};

/*
 * Whether NEW may come into being beside all that exists but the one of the same name and sort,
 * which it replaces. 0, or -EDQUOT (a sum), -EPERM (a processor or network) and ERR.
 */
int policy_admit(const struct policy_view *view, const struct policy_demand *new, struct error *err);

/*
 * Whether LIMITS may stand at PATH: numbers in range, within what the policy above has left, above the
 * sum of those below and of what exists. 0, -EINVAL, -EDQUOT, -EPERM or -EBUSY and ERR.
 */
int policy_check(const struct policy_view *view, const char *path, const struct wire_policy *limits,
                 struct error *err);

/* Whether two policies say the same. */
bool policy_equal(const struct wire_policy *a, const struct wire_policy *b);

/* What the unikernels and volumes at and below PATH use. */
struct policy_demand policy_usage(const struct policy_view *view, const char *path);

/* Whether every policy above NAME allows the processor or the network (as a Deploy names it). */
bool policy_allows_cpu(const struct policy_view *view, const char *name, int64_t cpu);
bool policy_allows_network(const struct policy_view *view, const char *name, struct wire_bytes network);

#endif
