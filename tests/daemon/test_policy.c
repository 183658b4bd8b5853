#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/policy.h"
#include "daemon/scope.h"
#include "host/error.h"

#define PATHS 7
#define NAMES 64

static const char *const paths[PATHS] = {":", "a:", "a:b:", "a:b:c:", "a:d:", "e:", "e:f:"};

struct world {
    struct wire_policy limits[PATHS];
    int64_t cpus[PATHS][4];
    struct wire_bytes bridges[PATHS][2];
    bool present[PATHS];
    struct policy policies[PATHS];
    struct policy_demand demands[NAMES];
    char names[NAMES][32];
    int64_t cpu[NAMES];
    size_t count;
    struct policy_view view;
};

static uint32_t seed = 12345;

static uint32_t chance(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static struct wire_policy make_limits(struct world *world, size_t i, int64_t unikernels, int64_t memory,
                                      size_t cpus)
{
    struct wire_policy limits = {.unikernels = unikernels, .memory = memory, .has_block = true, .block = 100};
    for (size_t cpu = 0; cpu < cpus; cpu++)
        world->cpus[i][cpu] = (int64_t)cpu;
    world->bridges[i][0] = wire_text("user");
    limits.cpuids.count = cpus;
    limits.cpuids.items = world->cpus[i];
    limits.bridges.count = 1;
    limits.bridges.items = world->bridges[i];
    return limits;
}

static const struct policy_view *look(struct world *world)
{
    size_t count = 0;
    for (size_t i = 0; i < PATHS; i++)
        if (world->present[i])
            world->policies[count++] = (struct policy){paths[i], &world->limits[i]};
    world->view = (struct policy_view){.policies = world->policies,
                                       .policy_count = count,
                                       .demands = world->demands,
                                       .demand_count = world->count};
    return &world->view;
}

static void add_random_policy(struct world *world)
{
    size_t i = 1 + chance(PATHS - 1);
    static int64_t cpus[4] = {0, 1, 2, 3};
    struct wire_policy limits = make_limits(world, i, chance(8), chance(200), 0);
    limits.cpuids.count = 1 + chance(4);
    limits.cpuids.items = cpus;
    limits.block = chance(60);
    if (policy_check(look(world), paths[i], &limits, NULL) < 0)
        return;
    world->limits[i] = limits;
    world->present[i] = true;
}

static void add_random_unikernel(struct world *world)
{
    size_t at = chance(PATHS);
    char name[32];
    const char *path = strcmp(paths[at], ":") == 0 ? ":" : paths[at];
    snprintf(name, sizeof name, "%sn%u", path, chance(12));
    bool volume = chance(4) == 0;
    struct policy_demand demand = {.name = name, .unikernels = !volume};
    if (volume)
        demand.block = chance(40);
    else
        demand.memory = chance(100);
    int64_t cpu = chance(5);
    demand.cpu_count = 1;
    demand.cpus = &cpu;
    size_t slot = 0;
    while (slot < world->count &&
           (strcmp(world->names[slot], name) != 0 || world->demands[slot].unikernels != demand.unikernels))
        slot++;
    if (slot == NAMES || policy_admit(look(world), &demand, NULL) < 0)
        return;
    memcpy(world->names[slot], name, sizeof name);
    world->cpu[slot] = cpu;
    demand.name = world->names[slot];
    demand.cpus = &world->cpu[slot];
    world->demands[slot] = demand;
    if (slot == world->count)
        world->count++;
}

static void remove_random_unikernel(struct world *world)
{
    if (world->count == 0)
        return;
    size_t slot = chance((uint32_t)world->count);
    size_t last = --world->count;
    memcpy(world->names[slot], world->names[last], sizeof world->names[slot]);
    world->cpu[slot] = world->cpu[last];
    world->demands[slot] = world->demands[last];
    world->demands[slot].name = world->names[slot];
    world->demands[slot].cpus = &world->cpu[slot];
}

/* The model: what a path has given away, by the simplest reading of the rule. What its policies next below
 * allow is gone, used or not, and so is what exists outside them. */
static struct policy_demand given_away(struct world *world, const char *path)
{
    struct policy_demand sum = {.name = path};
    bool below[PATHS] = {false};
    for (size_t i = 0; i < PATHS; i++)
        below[i] = world->present[i] && strcmp(paths[i], path) != 0 && scope_contains(path, paths[i]);
    for (size_t i = 0; i < PATHS; i++) {
        bool inside = false;
        for (size_t j = 0; j < PATHS; j++)
            inside = inside || (j != i && below[j] && scope_contains(paths[j], paths[i]));
        if (!below[i] || inside)
            continue;
        sum.unikernels += world->limits[i].unikernels;
        sum.memory += world->limits[i].memory;
        sum.block += world->limits[i].block;
    }
    for (size_t i = 0; i < world->count; i++) {
        bool inside = !scope_contains(path, world->names[i]);
        for (size_t j = 0; j < PATHS; j++)
            inside = inside || (below[j] && scope_contains(paths[j], world->names[i]));
        if (inside)
            continue;
        sum.unikernels += world->demands[i].unikernels;
        sum.memory += world->demands[i].memory;
        sum.block += world->demands[i].block;
    }
    return sum;
}

static void nothing_exceeds_a_budget(struct world *world)
{
    for (size_t i = 0; i < PATHS; i++) {
        struct policy_demand used = policy_usage(look(world), paths[i]);
        if (!world->present[i])
            continue;
        assert_true(used.unikernels <= world->limits[i].unikernels);
        assert_true(used.memory <= world->limits[i].memory);
        assert_true(used.block <= world->limits[i].block);
        struct policy_demand given = given_away(world, paths[i]);
        assert_true(given.unikernels <= world->limits[i].unikernels);
        assert_true(given.memory <= world->limits[i].memory);
        assert_true(given.block <= world->limits[i].block);
        for (size_t j = 0; j < world->count; j++)
            if (scope_contains(paths[i], world->names[j]))
                assert_true(world->cpu[j] < (int64_t)world->limits[i].cpuids.count);
        for (size_t j = 0; j < PATHS; j++)
            if (world->present[j] && scope_contains(paths[i], paths[j]))
                assert_true(world->limits[j].memory <= world->limits[i].memory);
    }
}

static void no_sequence_of_operations_exceeds_a_budget(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        static struct world world;
        memset(&world, 0, sizeof world);
        world.limits[0] = make_limits(&world, 0, 20, 500, 4);
        world.present[0] = true;
        for (int step = 0; step < 150; step++) {
            uint32_t what = chance(10);
            if (what < 2)
                add_random_policy(&world);
            else if (what < 3)
                world.present[1 + chance(PATHS - 1)] = false;
            else if (what < 8)
                add_random_unikernel(&world);
            else
                remove_random_unikernel(&world);
            nothing_exceeds_a_budget(&world);
        }
    }
}

static struct world *small_world(void)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    world.limits[0] = make_limits(&world, 0, POLICY_UNLIMITED, 1000, 4);
    world.limits[1] = make_limits(&world, 1, 2, 64, 1);
    world.present[0] = world.present[1] = true;
    return &world;
}

static void a_refusal_names_limit_use_and_demand(void **state)
{
    struct world *world = small_world();
    struct error err;
    (void)state;
    world->demands[0] = (struct policy_demand){.name = "a:x", .unikernels = 1, .memory = 48};
    world->count = 1;
    struct policy_demand new = {.name = "a:b:y", .unikernels = 1, .memory = 32};
    assert_int_equal(policy_admit(look(world), &new, &err), -EDQUOT);
    assert_string_equal(err.text,
                        "policy: a:b:y: the policy of a: allows 64 MiB of memory; 48 in use, 32 asked");
    assert_true(err.hint[0] != '\0');
}

static void what_is_promised_to_one_is_not_there_for_another(void **state)
{
    struct world *world = small_world();
    struct error err;
    (void)state;
    world->limits[1] = make_limits(world, 1, 4, 100, 1);
    world->limits[2] = make_limits(world, 2, 2, 60, 1);
    world->limits[2].block = 0;
    world->present[2] = true; /* a:b: */
    struct wire_policy limits = make_limits(world, 4, 1, 41, 1);
    assert_int_equal(policy_check(look(world), "a:d:", &limits, &err), -EDQUOT);
    assert_string_equal(err.text,
                        "policy: a:d:: it allows 41 MiB of memory; of the 100 of a: 40 are left (0 in "
                        "use, 60 promised to others)");
    struct policy_demand new = {.name = "a:x", .unikernels = 1, .memory = 41};
    assert_int_equal(policy_admit(look(world), &new, &err), -EDQUOT);
    assert_string_equal(err.text,
                        "policy: a:x: the policy of a: allows 100 MiB of memory; 0 in use, 60 promised "
                        "to policies below it, 41 asked");
    new.memory = 40;
    assert_int_equal(policy_admit(look(world), &new, NULL), 0);
    limits = make_limits(world, 2, 2, 61, 1);
    limits.block = 0;
    world->demands[0] = new;
    world->count = 1;
    assert_int_equal(policy_check(look(world), "a:b:", &limits, NULL), -EDQUOT);
    limits = make_limits(world, 1, 4, 99, 1);
    assert_int_equal(policy_check(look(world), "a:", &limits, &err), -EBUSY);
}

static void a_replacement_does_not_count_twice(void **state)
{
    struct world *world = small_world();
    (void)state;
    world->demands[0] = (struct policy_demand){.name = "a:x", .unikernels = 1, .memory = 60};
    world->count = 1;
    struct policy_demand new = {.name = "a:x", .unikernels = 1, .memory = 64};
    assert_int_equal(policy_admit(look(world), &new, NULL), 0);
}

static void a_network_that_is_not_listed_is_refused(void **state)
{
    struct world *world = small_world();
    struct wire_deploy_net net = {.device = wire_text("service"), .network = wire_text("bridge:dmz")};
    struct policy_demand new = {
        .name = ":x", .unikernels = 1, .memory = 1, .network_count = 1, .networks = &net};
    (void)state;
    assert_int_equal(policy_admit(look(world), &new, NULL), -EPERM);
    world->bridges[0][1] = wire_text("dmz");
    world->limits[0].bridges.count = 2;
    assert_int_equal(policy_admit(look(world), &new, NULL), 0);
}

static void numbers_out_of_range_are_refused(void **state)
{
    struct world *world = small_world();
    (void)state;
    struct wire_policy limits = make_limits(world, 3, -1, 10, 1);
    assert_int_equal(policy_check(look(world), "e:", &limits, NULL), -EINVAL);
    limits = make_limits(world, 3, 1, 10, 1);
    limits.block = -5;
    assert_int_equal(policy_check(look(world), "e:", &limits, NULL), -EINVAL);
    limits = make_limits(world, 3, 1, 10, 1);
    world->cpus[3][0] = 1 << 20;
    assert_int_equal(policy_check(look(world), "e:", &limits, NULL), -EINVAL);
    limits = make_limits(world, 3, 1, INT64_MAX, 1);
    assert_int_equal(policy_check(look(world), "e:", &limits, NULL), -EDQUOT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_sequence_of_operations_exceeds_a_budget),
        cmocka_unit_test(a_refusal_names_limit_use_and_demand),
        cmocka_unit_test(what_is_promised_to_one_is_not_there_for_another),
        cmocka_unit_test(a_replacement_does_not_count_twice),
        cmocka_unit_test(a_network_that_is_not_listed_is_refused),
        cmocka_unit_test(numbers_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
