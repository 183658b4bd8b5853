/* convert.c: Albatross's configurations as ours; see convert.h. */
#define _GNU_SOURCE
#include "convert.h"

#include <errno.h>
#include <string.h>

#include "host/error.h"

/* What the versions have in common; lists are taken by their parts, because each has a type of its own. */
static void take_restart(const struct wire_fail_behaviour *from, struct wire_deploy *deploy)
{
    deploy->restart.kind = WIRE_RESTART_NEVER;
    if (from->kind != WIRE_FAIL_BEHAVIOUR_RESTART)
        return;
    deploy->restart.kind = WIRE_RESTART_CODES;
    deploy->restart.u.codes.count = from->u.restart.count;
    deploy->restart.u.codes.items = from->u.restart.items;
}

/* A bridge's name as a network's: "user", or "bridge:NAME". */
static int network_text(struct wire_bytes bridge, struct wire_arena *arena, struct wire_bytes *network)
{
    static const char prefix[] = "bridge:";
    if (wire_text_is(bridge, "user")) {
        *network = bridge;
        return 0;
    }
    uint8_t *text = wire_arena_take(arena, sizeof prefix + bridge.size, NULL);
    if (text == NULL)
        return -ENOMEM;
    memcpy(text, prefix, sizeof prefix - 1);
    if (bridge.size > 0)
        memcpy(text + sizeof prefix - 1, bridge.data, bridge.size);
    *network = (struct wire_bytes){text, sizeof prefix - 1 + bridge.size};
    return 0;
}

static int take_nets(const struct wire_net *nets, size_t count, struct wire_arena *arena,
                     struct wire_deploy *deploy)
{
    struct wire_deploy_net *items = wire_arena_take(arena, count * sizeof *items, NULL);
    if (items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        items[i] =
            (struct wire_deploy_net){.device = nets[i].name, .has_mac = nets[i].has_mac, .mac = nets[i].mac};
        if (network_text(nets[i].has_bridge ? nets[i].bridge : nets[i].name, arena, &items[i].network) < 0)
            return -ENOMEM;
    }
    deploy->networks.count = count;
    deploy->networks.items = items;
    return 0;
}

static int take_cpu(int64_t cpu, struct wire_arena *arena, struct wire_deploy *deploy)
{
    deploy->cpuids.items = wire_arena_take(arena, sizeof(int64_t), NULL);
    if (deploy->cpuids.items == NULL)
        return -ENOMEM;
    deploy->cpuids.items[0] = cpu;
    deploy->cpuids.count = 1;
    return 0;
}

/* The fields that all versions have, by the same names. */
#define TAKE_COMMON(from, arena, deploy)                                                                     \
    ({                                                                                                       \
        *(deploy) = (struct wire_deploy){.memory = (from)->memory, .add_name = true};                        \
        take_restart(&(from)->fail_behaviour, deploy);                                                       \
        (deploy)->arguments.count = (from)->has_arguments ? (from)->arguments.count : 0;                     \
        (deploy)->arguments.items = (from)->arguments.items;                                                 \
        (deploy)->blocks.count = (from)->has_blocks ? (from)->blocks.count : 0;                              \
        (deploy)->blocks.items = (from)->blocks.items;                                                       \
        take_nets((from)->bridges.items, (from)->has_bridges ? (from)->bridges.count : 0, arena, deploy);    \
    })

#define TAKE_STARTUP(from, deploy)                                                                           \
    ((deploy)->has_startup = (from)->has_startup, (deploy)->startup = (from)->startup,                       \
     (deploy)->add_name = (from)->add_name)

#define TAKE_CPUS(from, deploy)                                                                              \
    ((deploy)->cpuids.count = (from)->cpuids.count, (deploy)->cpuids.items = (from)->cpuids.items)

static int memory_error(struct error *err)
{
    return error_set(err, ENOMEM, "read configuration", NULL, NULL);
}

static int check_typ(const struct wire_typ *typ, struct error *err)
{
    if (typ->kind == WIRE_TYP_SOLO5)
        return 0;
    return error_set(err, EOPNOTSUPP, "unikernel type", "bhyve", "this host runs solo5 images only");
}

int convert_config(const struct wire_config *config, struct wire_arena *arena, struct wire_deploy *deploy,
                   struct error *err)
{
    if (TAKE_COMMON(config, arena, deploy) < 0)
        return memory_error(err);
    TAKE_STARTUP(config, deploy);
    TAKE_CPUS(config, deploy);
    return check_typ(&config->typ, err);
}

int convert_config_v3(const struct wire_config_v3 *config, struct wire_arena *arena,
                      struct wire_deploy *deploy, struct error *err)
{
    if (TAKE_COMMON(config, arena, deploy) < 0 || take_cpu(config->cpuid, arena, deploy) < 0)
        return memory_error(err);
    return check_typ(&config->typ, err);
}

int convert_config_v4(const struct wire_config_v4 *config, struct wire_arena *arena,
                      struct wire_deploy *deploy, struct error *err)
{
    if (TAKE_COMMON(config, arena, deploy) < 0 || take_cpu(config->cpuid, arena, deploy) < 0)
        return memory_error(err);
    TAKE_STARTUP(config, deploy);
    return check_typ(&config->typ, err);
}

int convert_restart(const struct wire_unikernel_cmd_restart *restart, struct wire_arena *arena,
                    struct wire_deploy *deploy, struct error *err)
{
    const struct wire_arguments_v0 *v0 = &restart->u.args_v0;
    const struct wire_arguments_v1 *v1 = &restart->u.args_v1;
    const struct wire_arguments *current = &restart->u.args;
    int result = -EINVAL;
    if (restart->kind == WIRE_UNIKERNEL_CMD_RESTART_ARGS_V0) {
        result = TAKE_COMMON(v0, arena, deploy);
        result = result == 0 ? take_cpu(v0->cpuid, arena, deploy) : result;
    } else if (restart->kind == WIRE_UNIKERNEL_CMD_RESTART_ARGS_V1) {
        result = TAKE_COMMON(v1, arena, deploy);
        result = result == 0 ? take_cpu(v1->cpuid, arena, deploy) : result;
        TAKE_STARTUP(v1, deploy);
    } else if (restart->kind == WIRE_UNIKERNEL_CMD_RESTART_ARGS) {
        result = TAKE_COMMON(current, arena, deploy);
        TAKE_STARTUP(current, deploy);
        TAKE_CPUS(current, deploy);
    }
    return result < 0 ? error_set(err, -result, "read arguments", NULL, NULL) : 0;
}

struct wire_fail_behaviour convert_fail_behaviour(const struct wire_restart *restart)
{
    struct wire_fail_behaviour behaviour = {.kind = WIRE_FAIL_BEHAVIOUR_RESTART};
    if (restart->kind == WIRE_RESTART_NEVER)
        behaviour.kind = WIRE_FAIL_BEHAVIOUR_QUIT;
    if (restart->kind == WIRE_RESTART_CODES) {
        behaviour.u.restart.count = restart->u.codes.count;
        behaviour.u.restart.items = restart->u.codes.items;
    }
    return behaviour;
}

struct wire_bytes convert_bridge(struct wire_bytes network)
{
    static const char prefix[] = "bridge:";
    size_t size = sizeof prefix - 1;
    if (network.size > size && memcmp(network.data, prefix, size) == 0)
        return (struct wire_bytes){network.data + size, network.size - size};
    return network;
}
