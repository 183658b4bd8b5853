/* policy.c: admission; see policy.h. */
#define _GNU_SOURCE
#include "policy.h"

#include <errno.h>
#include <inttypes.h>
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
        sum.unikernels = add_bounded(sum.unikernels, demand->unikernels);
        sum.memory = add_bounded(sum.memory, demand->memory);
        sum.block = add_bounded(sum.block, demand->block);
    }
    return sum;
}

struct policy_demand policy_usage(const struct policy_view *view, const char *path)
{
    return usage_but(view, path, NULL);
}

static int sum_within(const char *name, const char *path, const char *what, int64_t limit, int64_t used,
                      int64_t asked, struct error *err)
{
    if (asked == 0 || (limit >= used && asked <= limit - used))
        return 0;
    int result = error_set(err, EDQUOT, "policy", name,
                           "the policy of %s allows %" PRId64 " %s; %" PRId64 " in use, %" PRId64 " asked",
                           path, limit, what, used, asked);
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

static int admit_one(const struct policy_view *view, const struct policy *policy,
                     const struct policy_demand *new, struct error *err)
{
    struct policy_demand used = usage_but(view, policy->path, new);
    const struct wire_policy *limits = policy->limits;
    int result = sum_within(new->name, policy->path, "unikernels", limits->unikernels, used.unikernels,
                            new->unikernels, err);
    if (result == 0)
        result = sum_within(new->name, policy->path, "MiB of memory", limits->memory, used.memory,
                            new->memory, err);
    if (result == 0)
        result = sum_within(new->name, policy->path, "MiB of volumes", block_limit(limits), used.block,
                            new->block, err);
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
    return 0;
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

/* Whether everything that SMALL allows is allowed by LARGE. CODE is what it is if not. */
static int policy_below(const char *large_path, const struct wire_policy *large, const char *small_path,
                        const struct wire_policy *small, struct error *err)
{
    const char *why = NULL;
    if (small->unikernels > large->unikernels)
        why = "unikernels";
    else if (small->memory > large->memory)
        why = "memory";
    else if (small->has_block && (!large->has_block || small->block > large->block))
        why = "volumes";
    for (size_t i = 0; why == NULL && i < small->cpuids.count; i++)
        why = has_cpu(large, small->cpuids.items[i]) ? NULL : "processors";
    for (size_t i = 0; why == NULL && i < small->bridges.count; i++)
        why = has_bridge(large, small->bridges.items[i]) ? NULL : "networks";
    if (why == NULL)
        return 0;
    return error_set(err, EDQUOT, "policy", small_path, "it allows more %s than the policy of %s", why,
                     large_path);
}

static int usage_fits(const struct policy_view *view, const struct policy *policy, struct error *err)
{
    struct policy_demand used = policy_usage(view, policy->path);
    const char *why = NULL;
    if (used.unikernels > policy->limits->unikernels)
        why = "unikernels";
    else if (used.memory > policy->limits->memory)
        why = "memory";
    else if (used.block > block_limit(policy->limits))
        why = "volumes";
    if (why != NULL)
        return error_set(err, EBUSY, "policy", policy->path, "more %s are in use there already", why);
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
            result = policy_below(other->path, other->limits, path, limits, err);
        else if (scope_contains(path, other->path))
            result = policy_below(path, limits, other->path, other->limits, err);
    }
    struct policy policy = {.path = path, .limits = limits};
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
