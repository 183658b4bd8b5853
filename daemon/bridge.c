/* bridge.c: see bridge.h. */
#define _GNU_SOURCE
#include "bridge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "address.h"
#include "daemon.h"
#include "forward.h"
#include "guard.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "link.h"
#include "networks.h"
#include "nft.h"
#include "ports.h"
#include "scope.h"
#include "store.h"
#include "tap.h"
#include "unikernel.h"

#define MTU_PREDEFINED 1500

/* The tenants on a bridge are the paths of their unikernels. */
static int64_t tenant_of(struct unikernel *unikernel, struct error *err)
{
    char path[SCOPE_NAME_SIZE];
    scope_parent(unikernel->name, path);
    int64_t tenant = store_tenant(unikernel->daemon->store, path, err);
    if (tenant > GUARD_TENANTS_MAX)
        return error_set(err, EDQUOT, "attach network", unikernel->name, "more than %d paths had bridges",
                         GUARD_TENANTS_MAX);
    return tenant;
}

static int guard(struct unikernel *unikernel, size_t i, const struct network_plan *plan, struct error *err)
{
    const struct attachment *net = &unikernel->nets[i];
    int64_t tenant = tenant_of(unikernel, err);
    if (tenant < 0)
        return (int)tenant;
    struct guard guard = {.tap = net->tap,
                          .ipv4 = net->ipv4,
                          .known_ipv6 = plan->has_range,
                          .tenant = (uint16_t)tenant,
                          .limits = plan->limits};
    memcpy(guard.mac, net->mac, sizeof guard.mac);
    return guard_install(&guard, err);
}

/* A bridge without an address of its own takes its lowest port's: with this one it keeps what it has. */
static void host_mac(const uint8_t guest[static 6], uint8_t mac[static 6])
{
    memcpy(mac, guest, 6);
    mac[0] = guest[0] == 0xfe ? 0xfa : 0xfe;
}

static int join(struct unikernel *unikernel, size_t i, const struct network_plan *plan,
                const struct link *bridge, struct error *err)
{
    struct attachment *net = &unikernel->nets[i];
    struct link tap = {0};
    int result = link_find(net->tap, &tap, err);
    if (result < 0)
        return result;
    net->tap_index = tap.index;
    net->mtu = plan->mtu != 0 ? plan->mtu : bridge->mtu;
    struct link_port port = {.index = tap.index,
                             .bridge = bridge->index,
                             .mtu = net->mtu != 0 ? net->mtu : MTU_PREDEFINED,
                             .isolated = plan->isolate,
                             .alias = unikernel->name};
    host_mac(net->mac, port.mac);
    result = guard(unikernel, i, plan, err);
    return result == 0 ? link_join(&port, net->tap, err) : result;
}

static int find_bridge(const char *name, struct link *bridge, struct error *err)
{
    int result = link_find(name, bridge, err);
    if (result < 0)
        error_hint(err, "'bivy network create NAME --bridge %s --own ...' makes one", name);
    else if (!bridge->bridge)
        return error_set(err, EINVAL, "attach network", name, "the interface is not a bridge");
    return result;
}

int bridge_attach(struct unikernel *unikernel, size_t i, const struct network_plan *plan, struct error *err)
{
    struct attachment *net = &unikernel->nets[i];
    char prefix[TAP_PREFIX_SIZE];
    struct link bridge = {0};
    int result = find_bridge(plan->bridge, &bridge, err);
    if (result < 0)
        return result;
    tap_prefix(unikernel->daemon->state_dir, prefix);
    tap_name(prefix, unikernel->id, i, net->tap);
    snprintf(net->bridge, sizeof net->bridge, "%s", plan->bridge);
    net->trouble[0] = '\0';
    cleanup_fd int fd = tap_open(net->tap, err);
    result = fd < 0 ? fd : join(unikernel, i, plan, &bridge, err);
    return result < 0 ? result : fd_take(&fd);
}

static size_t collect_forwards(const struct unikernel *unikernel, size_t i, struct forward *items)
{
    const struct wire_deploy *deploy = unikernel->deploy;
    size_t count = 0;
    for (size_t j = 0; j < deploy->ports.count && count < UNIKERNEL_PORTS_MAX; j++) {
        const struct wire_deploy_port *port = &deploy->ports.items[j];
        uint32_t address = 0x7f000001;
        uint8_t prefix;
        if (ports_device(deploy, port) != (int)i ||
            (port->address.size > 0 && !address_parse(port->address, &address, &prefix)))
            continue;
        items[count++] = (struct forward){.address = address,
                                          .host = (uint16_t)port->host,
                                          .guest = (uint16_t)port->guest,
                                          .udp = port->udp};
    }
    return count;
}

int bridge_listen(struct unikernel *unikernel, size_t i, struct error *err)
{
    const struct attachment *net = &unikernel->nets[i];
    struct forward items[UNIKERNEL_PORTS_MAX];
    struct forwards forwards = {.table = net->tap, .bridge = net->bridge, .guest = net->ipv4, .items = items};
    forwards.count = collect_forwards(unikernel, i, items);
    return forwards.count == 0 ? 0 : forwards_install(&forwards, err);
}

int bridge_connect(const struct unikernel *unikernel, size_t i, uint16_t guest_port, struct error *err)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(guest_port),
                             .sin_addr.s_addr = htonl(unikernel->nets[i].ipv4)};
    cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_set(err, errno, "connect", unikernel->name, NULL);
    int result =
        connect(fd, (const struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS ? -errno : 0;
    if (result == 0)
        result = fd_set_nonblocking(fd, 0);
    return result < 0 ? error_set(err, -result, "connect", unikernel->name, NULL) : fd_take(&fd);
}

void bridge_detach(struct unikernel *unikernel, size_t i)
{
    struct attachment *net = &unikernel->nets[i];
    if (net->tap[0] == '\0')
        return;
    forwards_remove(net->tap);
    guard_remove(net->tap);
    net->tap[0] = '\0';
    net->trouble[0] = '\0';
}

void bridge_adopt(struct unikernel *unikernel, size_t i, const struct network_plan *plan)
{
    struct attachment *net = &unikernel->nets[i];
    struct error err = {0};
    char prefix[TAP_PREFIX_SIZE];
    struct link tap = {0};
    tap_prefix(unikernel->daemon->state_dir, prefix);
    tap_name(prefix, unikernel->id, i, net->tap);
    snprintf(net->bridge, sizeof net->bridge, "%s", plan->bridge);
    int result = link_find(net->tap, &tap, &err);
    net->tap_index = tap.index;
    net->mtu = tap.mtu;
    if (result == 0)
        result = guard(unikernel, i, plan, &err);
    if (result == 0)
        result = bridge_listen(unikernel, i, &err);
    if (result < 0)
        log_failure(&err);
}

void bridge_guard_again(struct unikernel *unikernel, size_t i)
{
    struct network_plan plan;
    struct error err = {0};
    int result = networks_plan(unikernel->daemon, unikernel->name,
                               unikernel->deploy->networks.items[i].network, &plan, &err);
    if (result == 0)
        result = guard(unikernel, i, &plan, &err);
    if (result == 0)
        result = bridge_listen(unikernel, i, &err);
    if (result < 0)
        log_failure(&err);
}

struct sweep {
    const struct daemon *daemon;
    char prefix[TAP_PREFIX_SIZE];
    size_t count, capacity;
    char (*names)[IFNAMSIZ]; /* of what is left over */
};

/* Whether a device that runs has the name. */
static bool is_used(const struct daemon *daemon, const char *name)
{
    for (size_t i = 0; i < daemon->unikernel_count; i++)
        for (size_t j = 0; daemon->unikernels[i]->pid != 0 && j < UNIKERNEL_NETS_MAX; j++)
            if (strcmp(daemon->unikernels[i]->nets[j].tap, name) == 0)
                return true;
    return false;
}

static void remember(struct sweep *sweep, const char *name)
{
    int64_t id;
    size_t device;
    if (!tap_parse(sweep->prefix, name, &id, &device) || is_used(sweep->daemon, name))
        return;
    if (sweep->count == sweep->capacity) {
        size_t capacity = sweep->capacity * 2 + 16;
        void *names = realloc(sweep->names, capacity * sizeof *sweep->names);
        if (names == NULL)
            return;
        sweep->names = names;
        sweep->capacity = capacity;
    }
    snprintf(sweep->names[sweep->count++], IFNAMSIZ, "%s", name);
}

static void see_table(void *context, const char *table)
{
    remember(context, table);
}

static void see_link(void *context, const struct link *link)
{
    remember(context, link->name);
}

void bridge_sweep(struct daemon *daemon)
{
    struct sweep sweep = {.daemon = daemon};
    if (!daemon->root)
        return;
    tap_prefix(daemon->state_dir, sweep.prefix);
    nft_tables(NFPROTO_NETDEV, see_table, &sweep, NULL);
    nft_tables(NFPROTO_IPV4, see_table, &sweep, NULL);
    size_t tables = sweep.count;
    link_each(see_link, &sweep, NULL);
    for (size_t i = 0; i < sweep.count; i++) {
        log_info("%s: left over, removed", sweep.names[i]);
        if (i < tables) {
            forwards_remove(sweep.names[i]);
            guard_remove(sweep.names[i]);
        } else {
            link_remove(sweep.names[i], NULL);
        }
    }
    free(sweep.names);
}
