/* unikernel.c: the table of unikernels; see unikernel.h. */
#define _GNU_SOURCE
#include "unikernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bivy/abi/manifest.h"
#include "daemon.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "host/loop.h"
#include "wire/mac.h"
#include "wire/name.h"

struct unikernel *unikernel_create(struct daemon *daemon, const char *name, struct owned *config,
                                   struct owned *image)
{
    struct unikernel *unikernel = calloc(1, sizeof *unikernel);
    if (unikernel == NULL) {
        owned_free(config);
        owned_free(image);
        return NULL;
    }
    *unikernel = (struct unikernel){.daemon = daemon,
                                    .config = config,
                                    .deploy = config->value,
                                    .image = image,
                                    .state = WIRE_STATE_STOPPED,
                                    .created_ms = daemon_now_ms(),
                                    .exit_status = -1};
    snprintf(unikernel->name, sizeof unikernel->name, "%s", name);
    if (unikernel->deploy->image.kind == WIRE_DEPLOY_IMAGE_DIGEST)
        memcpy(unikernel->digest, unikernel->deploy->image.u.digest.data, sizeof unikernel->digest);
    for (size_t i = 0; i < UNIKERNEL_PORTS_MAX; i++)
        unikernel->listeners[i] = -1;
    return unikernel;
}

void unikernel_free(struct unikernel *unikernel)
{
    if (unikernel == NULL)
        return;
    loop_cancel(&unikernel->timer);
    health_end(unikernel);
    for (size_t i = 0; i < UNIKERNEL_PORTS_MAX; i++)
        fd_close(&unikernel->listeners[i]);
    owned_free(unikernel->config);
    owned_free(unikernel->image);
    free(unikernel);
}

/* The index of the first unikernel whose name is not below NAME. */
static size_t table_index(const struct daemon *daemon, const char *name)
{
    size_t low = 0;
    size_t high = daemon->unikernel_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(daemon->unikernels[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int unikernel_insert(struct unikernel *unikernel)
{
    struct daemon *daemon = unikernel->daemon;
    if (daemon->unikernel_count == daemon->unikernel_capacity) {
        size_t capacity = daemon->unikernel_capacity > 0 ? daemon->unikernel_capacity * 2 : 64;
        struct unikernel **table = realloc(daemon->unikernels, capacity * sizeof(struct unikernel *));
        if (table == NULL)
            return -ENOMEM;
        daemon->unikernels = table;
        daemon->unikernel_capacity = capacity;
    }
    size_t i = table_index(daemon, unikernel->name);
    if (i < daemon->unikernel_count && strcmp(daemon->unikernels[i]->name, unikernel->name) == 0)
        return -EEXIST;
    memmove(daemon->unikernels + i + 1, daemon->unikernels + i,
            (daemon->unikernel_count - i) * sizeof(struct unikernel *));
    daemon->unikernels[i] = unikernel;
    daemon->unikernel_count++;
    return 0;
}

void unikernel_remove(struct unikernel *unikernel)
{
    struct daemon *daemon = unikernel->daemon;
    size_t i = table_index(daemon, unikernel->name);
    if (i >= daemon->unikernel_count || daemon->unikernels[i] != unikernel)
        return;
    daemon->unikernel_count--;
    memmove(daemon->unikernels + i, daemon->unikernels + i + 1,
            (daemon->unikernel_count - i) * sizeof(struct unikernel *));
}

struct unikernel *unikernel_find(const struct daemon *daemon, const char *name)
{
    size_t i = table_index(daemon, name);
    if (i < daemon->unikernel_count && strcmp(daemon->unikernels[i]->name, name) == 0)
        return daemon->unikernels[i];
    return NULL;
}

struct unikernel *unikernel_find_id(const struct daemon *daemon, int64_t id)
{
    for (size_t i = 0; i < daemon->unikernel_count; i++)
        if (daemon->unikernels[i]->id == id)
            return daemon->unikernels[i];
    return NULL;
}

struct unikernel *unikernel_take(const struct daemon *daemon, const char *name, struct error *err)
{
    struct unikernel *unikernel = unikernel_find(daemon, name);
    if (unikernel == NULL) {
        error_set(err, ENOENT, "unikernel", name, "not found");
        return NULL;
    }
    if (unikernel->busy) {
        error_set(err, EBUSY, "unikernel", name, "another operation on it is going on");
        return NULL;
    }
    return unikernel;
}

void unikernel_configure(struct unikernel *unikernel, struct owned *config)
{
    owned_free(unikernel->config);
    unikernel->config = config;
    unikernel->deploy = config->value;
}

int64_t unikernel_overhead(const struct wire_deploy *deploy)
{
    return deploy->tender == WIRE_TENDER_VM ? POLICY_OVERHEAD_VM(deploy->memory)
                                            : POLICY_OVERHEAD_PROCESS(deploy->memory);
}

struct policy_demand unikernel_demand(const char *name, const struct wire_deploy *deploy)
{
    return (struct policy_demand){.name = name,
                                  .unikernels = 1,
                                  .memory = deploy->memory + unikernel_overhead(deploy),
                                  .cpu_count = deploy->cpuids.count,
                                  .cpus = deploy->cpuids.items,
                                  .network_count = deploy->networks.count,
                                  .networks = deploy->networks.items};
}

void unikernel_mac(const char *name, const struct wire_deploy_net *net, uint8_t mac[static 6])
{
    char device[MFT_NAME_SIZE];
    struct name parsed;
    memset(mac, 0, 6);
    if (net->has_mac && net->mac.size == 6) {
        memcpy(mac, net->mac.data, 6);
        return;
    }
    snprintf(device, sizeof device, "%.*s", (int)(net->device.size < sizeof device ? net->device.size : 0),
             (const char *)net->device.data);
    if (name_parse(&parsed, name, NULL) == 0)
        mac_derive(device, &parsed, mac);
}

bool unikernel_accepts(const struct unikernel *unikernel, const char *argument)
{
    const struct wire_image_info *info = unikernel->image->value;
    for (size_t i = 0; i < info->arguments.count; i++)
        if (wire_text_is(info->arguments.items[i], argument))
            return true;
    return false;
}

void unikernel_move(struct unikernel *unikernel, enum state_event event)
{
    int next = state_next(unikernel->state, event);
    if (next < 0)
        log_error("%s: %s while %s: that cannot be", unikernel->name, state_event_name(event),
                  state_name(unikernel->state));
    else
        unikernel->state = (enum wire_state_value)next;
}

bool unikernel_waits(const struct unikernel *unikernel)
{
    return unikernel->state == WIRE_STATE_WAITING || unikernel->state == WIRE_STATE_CRASH_LOOP;
}

static int describe_nets(const struct unikernel *unikernel, struct wire_arena *arena,
                         struct wire_unikernel *description)
{
    size_t count = unikernel->deploy->networks.count;
    struct wire_net_state *items = wire_arena_take(arena, count * sizeof *items, NULL);
    if (items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct wire_deploy_net *net = &unikernel->deploy->networks.items[i];
        const struct attachment *attached = &unikernel->nets[i < UNIKERNEL_NETS_MAX ? i : 0];
        char *address = wire_arena_take(arena, INET_ADDRSTRLEN, NULL);
        uint8_t *mac = wire_arena_take(arena, 6, NULL);
        if (address == NULL || mac == NULL)
            return -ENOMEM;
        struct in_addr ipv4 = {htonl(attached->ipv4)};
        if (attached->ipv4 != 0)
            inet_ntop(AF_INET, &ipv4, address, INET_ADDRSTRLEN);
        unikernel_mac(unikernel->name, net, mac);
        items[i] = (struct wire_net_state){.device = net->device,
                                           .network = net->network,
                                           .mac = {mac, 6},
                                           .ipv4 = wire_text(address),
                                           .has_interface = attached->tap[0] != '\0',
                                           .interface = wire_text(attached->tap),
                                           .has_trouble = attached->trouble[0] != '\0',
                                           .trouble = wire_text(attached->trouble)};
    }
    description->networks.count = count;
    description->networks.items = items;
    return 0;
}

static void describe_process(const struct unikernel *unikernel, struct wire_unikernel *description)
{
    description->state = (int64_t)unikernel->state;
    description->pid = unikernel->pid;
    description->restarts = unikernel->restarts;
    description->reason = wire_text(unikernel->reason);
    description->has_started = unikernel->started_ms != 0;
    description->started = unikernel->started_ms;
    description->has_exit_status = unikernel->exit_status >= 0;
    description->exit_status = unikernel->exit_status;
    description->created = unikernel->created_ms;
}

int unikernel_describe(const struct unikernel *unikernel, struct wire_arena *arena,
                       struct wire_unikernel *description)
{
    const struct wire_deploy *deploy = unikernel->deploy;
    *description = (struct wire_unikernel){.name = wire_text(unikernel->name),
                                           .tender = deploy->tender == WIRE_TENDER_ANY ? WIRE_TENDER_PROCESS
                                                                                       : deploy->tender,
                                           .memory = deploy->memory,
                                           .digest = {unikernel->digest, sizeof unikernel->digest},
                                           .restart = deploy->restart,
                                           .health = (int64_t)unikernel->health.state};
    description->cpuids.count = deploy->cpuids.count;
    description->cpuids.items = deploy->cpuids.items;
    description->ports.count = deploy->ports.count;
    description->ports.items = deploy->ports.items;
    description->arguments.count = deploy->arguments.count;
    description->arguments.items = deploy->arguments.items;
    describe_process(unikernel, description);
    return describe_nets(unikernel, arena, description);
}
