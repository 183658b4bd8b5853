/* policy.c: admission; see policy.h. */
#define _GNU_SOURCE
#include "policy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/error.h"
#include "scope.h"

/* "bridge:NAME" is NAME in a policy; every other network is its own name. */
static struct wire_bytes network_name(struct wire_bytes network)
{
    static const char prefix[] = "bridge:";
    size_t size = sizeof prefix - 1;
    if (network.size > size && memcmp(network.data, prefix, size) == 0)
        return (struct wire_bytes){network.data + size, network.size - size};
    return network;
}

static bool same_bytes(struct wire_bytes a, struct wire_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static bool has_cpu(const struct wire_policy *limits, int64_t cpu)
{
    for (size_t i = 0; i < limits->cpuids.count; i++)
        if (limits->cpuids.items[i] == cpu)
            return true;
    return false;
}

static bool has_bridge(const struct wire_policy *limits, struct wire_bytes name)
{
    for (size_t i = 0; i < limits->bridges.count; i++)
        if (same_bytes(limits->bridges.items[i], name))
            return true;
    return false;
}

/* Sums of what the protocol lets be nearly 2^62 stay at the top instead of wrapping. */
static int64_t add_bounded(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static void demand_add(struct policy_demand *sum, int64_t unikernels, int64_t memory, int64_t block)
{
    sum->unikernels = add_bounded(sum->unikernels, unikernels);
    sum->memory = add_bounded(sum->memory, memory);
    sum->block = add_bounded(sum->block, block);
}

static bool replaces(const struct policy_demand *new, const struct policy_demand *old)
{
    return new != NULL &&new->unikernels == old->unikernels &&strcmp(new->name, old->name) == 0;
}

static struct policy_demand usage_but(const struct policy_view *view, const char *path,
                                      const struct policy_demand *new)
{
    struct policy_demand sum = {.name = path};
    for (size_t i = 0; i < view->demand_count; i++) {
        const struct policy_demand *demand = &view->demands[i];
        if (!scope_contains(path, demand->name) || replaces(new, demand))
            continue;
        demand_add(&sum, demand->unikernels, demand->memory, demand->block);
    }
    return sum;
}

struct policy_demand policy_usage(const struct policy_view *view, const char *path)
{
    return usage_but(view, path, NULL);
}

/* What is left of a limit; negative where the host has become smaller than what was promised. */
static int64_t left_of(int64_t limit, int64_t used, int64_t promised)
{
    int64_t left;
    return __builtin_sub_overflow(limit, add_bounded(used, promised), &left) ? INT64_MIN : left;
}

/* One of the sums that a policy bounds. */
struct policy_sum {
    const char *what;
    int64_t limit, used, promised, asked;
};

static int sum_within(const char *name, const char *path, const struct policy_sum *sum, struct error *err)
{
    char promised[80] = "";
    if (sum->asked == 0 || left_of(sum->limit, sum->used, sum->promised) >= sum->asked)
        return 0;
    if (sum->promised > 0)
        snprintf(promised, sizeof promised, ", %" PRId64 " promised to policies below it", sum->promised);
    int result = error_set(err, EDQUOT, "policy", name,
                           "the policy of %s allows %" PRId64 " %s; %" PRId64 " in use%s, %" PRId64 " asked",
                           path, sum->limit, sum->what, sum->used, promised, sum->asked);
    error_hint(err, "ask for less, destroy something under %s, or have its policy raised", path);
    return result;
}

static int members_within(const struct policy *policy, const struct policy_demand *demand, struct error *err)
{
    for (size_t i = 0; i < demand->cpu_count; i++)
        if (!has_cpu(policy->limits, demand->cpus[i]))
            return error_set(err, EPERM, "policy", demand->name,
                             "the policy of %s does not allow processor %" PRId64, policy->path,
                             demand->cpus[i]);
    for (size_t i = 0; i < demand->network_count; i++) {
        struct wire_bytes name = network_name(demand->networks[i].network);
        if (!has_bridge(policy->limits, name))
            return error_set(err, EPERM, "policy", demand->name,
                             "the policy of %s does not allow network %.*s", policy->path,
                             (int)(name.size < 64 ? name.size : 64), (const char *)name.data);
    }
    return 0;
}

static int64_t block_limit(const struct wire_policy *limits)
{
    return limits->has_block ? limits->block : 0;
}

static const char *const sum_names[] = {"unikernels", "MiB of memory", "MiB of volumes"};

#define POLICY_SUMS (sizeof sum_names / sizeof *sum_names)

static int64_t limit_of(const struct wire_policy *limits, size_t sum)
{
    return sum == 0 ? limits->unikernels : sum == 1 ? limits->memory : block_limit(limits);
}

static int64_t demand_of(const struct policy_demand *demand, size_t sum)
{
    return sum == 0 ? demand->unikernels : sum == 1 ? demand->memory : demand->block;
}

/* The policy nearest above NAME, which may be a path, but not the one at NAME itself; NULL: none. */
static const struct policy *nearest(const struct policy_view *view, const char *name)
{
    const struct policy *found = NULL;
    for (size_t i = 0; i < view->policy_count; i++) {
        const struct policy *policy = &view->policies[i];
        if (strcmp(policy->path, name) == 0 || !scope_contains(policy->path, name))
            continue;
        if (found == NULL || strlen(policy->path) > strlen(found->path))
            found = policy;
    }
    return found;
}

/* Whether a policy stands above NAME, which is below PATH, and itself below PATH. */
static bool covered(const struct policy_view *view, const char *path, const char *name)
{
    const struct policy *above = nearest(view, name);
    return above != NULL && strlen(above->path) > strlen(path);
}

/* The limits of the policies next below PATH, those at and below BUT (or NULL) left out. */
static struct policy_demand promised_below(const struct policy_view *view, const char *path, const char *but)
{
    struct policy_demand sum = {.name = path};
    for (size_t i = 0; i < view->policy_count; i++) {
        const struct policy *policy = &view->policies[i];
        if (strcmp(policy->path, path) == 0 || !scope_contains(path, policy->path) ||
            (but != NULL && scope_contains(but, policy->path)) || covered(view, path, policy->path))
            continue;
        demand_add(&sum, policy->limits->unikernels, policy->limits->memory, block_limit(policy->limits));
    }
    return sum;
}

/* What exists below PATH and not below a policy there, NEW's predecessor and what is below BUT left out. */
static struct policy_demand used_outside(const struct policy_view *view, const char *path, const char *but,
                                         const struct policy_demand *new)
{
    struct policy_demand sum = {.name = path};
    for (size_t i = 0; i < view->demand_count; i++) {
        const struct policy_demand *demand = &view->demands[i];
        if (!scope_contains(path, demand->name) || replaces(new, demand) ||
            (but != NULL && scope_contains(but, demand->name)) || covered(view, path, demand->name))
            continue;
        demand_add(&sum, demand->unikernels, demand->memory, demand->block);
    }
    return sum;
}

static int sums_within(const struct policy *policy, const struct policy_demand *new,
                       const struct policy_demand *used, const struct policy_demand *promised,
                       struct error *err)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < POLICY_SUMS; i++) {
        struct policy_sum sum = {.what = sum_names[i],
                                 .limit = limit_of(policy->limits, i),
                                 .used = demand_of(used, i),
                                 .promised = demand_of(promised, i),
                                 .asked = demand_of(new, i)};
        result = sum_within(new->name, policy->path, &sum, err);
    }
    return result;
}

static int admit_one(const struct policy_view *view, const struct policy *policy,
                     const struct policy_demand *new, struct error *err)
{
    const struct policy_demand nothing = {.name = policy->path};
    struct policy_demand used = usage_but(view, policy->path, new);
    int result = sums_within(policy, new, &used, &nothing, err);
    return result == 0 ? members_within(policy, new, err) : result;
}

int policy_admit(const struct policy_view *view, const struct policy_demand *new, struct error *err)
{
    for (size_t i = 0; i < view->policy_count; i++) {
        if (!scope_contains(view->policies[i].path, new->name))
            continue;
        int result = admit_one(view, &view->policies[i], new, err);
        if (result < 0)
            return result;
    }
    /* What is promised to others is not free, whether they use it or not. */
    const struct policy *above = nearest(view, new->name);
    if (above == NULL)
        return 0;
    struct policy_demand used = used_outside(view, above->path, NULL, new);
    struct policy_demand promised = promised_below(view, above->path, NULL);
    return sums_within(above, new, &used, &promised, err);
}

static int numbers_in_range(const char *path, const struct wire_policy *limits, struct error *err)
{
    if (limits->unikernels < 0 || limits->memory < 0 || (limits->has_block && limits->block < 0))
        return error_set(err, EINVAL, "policy", path, "a limit is negative");
    for (size_t i = 0; i < limits->cpuids.count; i++)
        if (limits->cpuids.items[i] < 0 || limits->cpuids.items[i] >= POLICY_CPUS_MAX)
            return error_set(err, EINVAL, "policy", path, "there is no processor %" PRId64,
                             limits->cpuids.items[i]);
    return 0;
}

/* Whether LARGE allows all processors and networks that SMALL allows. */
static int members_below(const char *large_path, const struct wire_policy *large, const char *small_path,
                         const struct wire_policy *small, struct error *err)
{
    for (size_t i = 0; i < small->cpuids.count; i++)
        if (!has_cpu(large, small->cpuids.items[i]))
            return error_set(err, EDQUOT, "policy", small_path,
                             "it allows processor %" PRId64 ", the policy of %s does not",
                             small->cpuids.items[i], large_path);
    for (size_t i = 0; i < small->bridges.count; i++) {
        struct wire_bytes name = small->bridges.items[i];
        if (!has_bridge(large, name))
            return error_set(err, EDQUOT, "policy", small_path,
                             "it allows network %.*s, the policy of %s does not",
                             (int)(name.size < 64 ? name.size : 64), (const char *)name.data, large_path);
    }
    return 0;
}

/* Whether the policy above still has what LIMITS promises to PATH. */
static int fits_above(const struct policy_view *view, const char *path, const struct wire_policy *limits,
                      struct error *err)
{
    const struct policy *above = nearest(view, path);
    if (above == NULL)
        return 0;
    struct policy_demand used = used_outside(view, above->path, path, NULL);
    struct policy_demand promised = promised_below(view, above->path, path);
    for (size_t i = 0; i < POLICY_SUMS; i++) {
        int64_t limit = limit_of(above->limits, i);
        int64_t left = left_of(limit, demand_of(&used, i), demand_of(&promised, i));
        if (limit_of(limits, i) <= (left > 0 ? left : 0))
            continue;
        int result = error_set(err, EDQUOT, "policy", path,
                               "it allows %" PRId64 " %s; of the %" PRId64 " of %s %" PRId64
                               " are left (%" PRId64 " in use, %" PRId64 " promised to others)",
                               limit_of(limits, i), sum_names[i], limit, above->path, left > 0 ? left : 0,
                               demand_of(&used, i), demand_of(&promised, i));
        error_hint(err, "allow less, or lower another policy under %s", above->path);
        return result;
    }
    return 0;
}

/* Whether what exists at and below PATH, and what is promised there, is within LIMITS. */
static int usage_fits(const struct policy_view *view, const struct policy *policy, struct error *err)
{
    struct policy_demand used = used_outside(view, policy->path, NULL, NULL);
    struct policy_demand promised = promised_below(view, policy->path, NULL);
    for (size_t i = 0; i < POLICY_SUMS; i++)
        if (left_of(limit_of(policy->limits, i), demand_of(&used, i), demand_of(&promised, i)) < 0)
            return error_set(err, EBUSY, "policy", policy->path,
                             "%" PRId64 " %s are in use there already and %" PRId64
                             " promised to policies below, more than %" PRId64,
                             demand_of(&used, i), sum_names[i], demand_of(&promised, i),
                             limit_of(policy->limits, i));
    for (size_t i = 0; i < view->demand_count; i++)
        if (scope_contains(policy->path, view->demands[i].name)) {
            int result = members_within(policy, &view->demands[i], err);
            if (result < 0)
                return result;
        }
    return 0;
}

int policy_check(const struct policy_view *view, const char *path, const struct wire_policy *limits,
                 struct error *err)
{
    int result = numbers_in_range(path, limits, err);
    for (size_t i = 0; result == 0 && i < view->policy_count; i++) {
        const struct policy *other = &view->policies[i];
        if (strcmp(other->path, path) == 0)
            continue;
        if (scope_contains(other->path, path))
            result = members_below(other->path, other->limits, path, limits, err);
        else if (scope_contains(path, other->path))
            result = members_below(path, limits, other->path, other->limits, err);
    }
    struct policy policy = {.path = path, .limits = limits};
    if (result == 0)
        result = fits_above(view, path, limits, err);
    return result == 0 ? usage_fits(view, &policy, err) : result;
}

static bool same_sets(const struct wire_policy *a, const struct wire_policy *b)
{
    if (a->cpuids.count != b->cpuids.count || a->bridges.count != b->bridges.count)
        return false;
    for (size_t i = 0; i < a->cpuids.count; i++)
        if (!has_cpu(b, a->cpuids.items[i]) || !has_cpu(a, b->cpuids.items[i]))
            return false;
    for (size_t i = 0; i < a->bridges.count; i++)
        if (!has_bridge(b, a->bridges.items[i]) || !has_bridge(a, b->bridges.items[i]))
            return false;
    return true;
}

bool policy_equal(const struct wire_policy *a, const struct wire_policy *b)
{
    return a->unikernels == b->unikernels && a->memory == b->memory && a->has_block == b->has_block &&
           (!a->has_block || a->block == b->block) && same_sets(a, b);
}

bool policy_allows_cpu(const struct policy_view *view, const char *name, int64_t cpu)
{
    for (size_t i = 0; i < view->policy_count; i++)
        if (scope_contains(view->policies[i].path, name) && !has_cpu(view->policies[i].limits, cpu))
            return false;
    return true;
}

bool policy_allows_network(const struct policy_view *view, const char *name, struct wire_bytes network)
{
    for (size_t i = 0; i < view->policy_count; i++)
        if (scope_contains(view->policies[i].path, name) &&
            !has_bridge(view->policies[i].limits, network_name(network)))
            return false;
    return true;
}
