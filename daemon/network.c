/* network.c: the network devices of a unikernel, whatever they are attached to; see network.h. */
#define _GNU_SOURCE
#include "network.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "bridge.h"
#include "daemon.h"
#include "host/error.h"
#include "host/fd.h"
#include "lease.h"
#include "networks.h"
#include "policies.h"
#include "ports.h"
#include "unikernel.h"
#include "usernet.h"

static const struct wire_deploy_net *device_of(const struct wire_deploy *deploy, size_t i)
{
    return &deploy->networks.items[i];
}

static int check_device(struct daemon *daemon, const char *name, const struct wire_deploy_net *net,
                        const struct network_plan *plan, struct error *err)
{
    uint32_t ipv4;
    uint8_t prefix;
    if (plan->bridged && !daemon->root) {
        error_set(err, EPERM, "network", plan->bridge,
                  "%s cannot be attached to a bridge: this daemon is not "
                  "root's",
                  name);
        error_hint(err, "the network \"user\" needs no privilege");
        return -EPERM;
    }
    if (net->has_mac && (net->mac.data[0] & 1) != 0)
        return error_set(err, EINVAL, "network", name, "the hardware address is a group's");
    if (net->has_ipv4 && net->ipv4.size > 0 && !address_parse(net->ipv4, &ipv4, &prefix))
        return error_set(err, EINVAL, "network", name, "an address is A.B.C.D or A.B.C.D/N");
    return 0;
}

/* Whether the daemon will know the address of device I. */
static bool is_known(const struct wire_deploy *deploy, size_t i, const struct network_plan *plan)
{
    return plan->has_range || (device_of(deploy, i)->has_ipv4 && device_of(deploy, i)->ipv4.size > 0);
}

/* A guest on a bridge is reached by translating addresses: its own must be known, and IPv4. */
static int check_ports(const char *name, const struct wire_deploy *deploy, size_t i,
                       const struct network_plan *plan, struct error *err)
{
    for (size_t j = 0; plan->bridged && j < deploy->ports.count; j++) {
        const struct wire_deploy_port *port = &deploy->ports.items[j];
        uint32_t address;
        uint8_t prefix;
        if (ports_device(deploy, port) != (int)i)
            continue;
        if (!is_known(deploy, i, plan)) {
            error_set(err, EINVAL, "port", name, "the guest's address on bridge %s is not known",
                      plan->bridge);
            error_hint(err, "define a network with --bridge %s --subnet A.B.C.0/N, and attach it to that",
                       plan->bridge);
            return -EINVAL;
        }
        if (port->address.size > 0 && !address_parse(port->address, &address, &prefix))
            return error_set(err, EINVAL, "port", name, "a guest on a bridge has IPv4 ports only");
    }
    if (i == 0 && deploy->has_health && !is_known(deploy, i, plan))
        return error_set(err, EINVAL, "health check", name, "the guest's address on bridge %s is not known",
                         plan->bridge);
    return 0;
}

/* On a bridge nobody but us would notice. */
static int check_mac(const struct daemon *daemon, const char *name, const struct wire_deploy_net *net,
                     const struct network_plan *plan, struct error *err)
{
    uint8_t mac[6];
    unikernel_mac(name, net, mac);
    for (size_t i = 0; plan->bridged && i < daemon->unikernel_count; i++) {
        const struct unikernel *other = daemon->unikernels[i];
        for (size_t j = 0; j < other->deploy->networks.count && j < UNIKERNEL_NETS_MAX; j++)
            if (strcmp(other->nets[j].bridge, plan->bridge) == 0 && memcmp(other->nets[j].mac, mac, 6) == 0 &&
                strcmp(other->name, name) != 0)
                return error_set(err, EADDRINUSE, "network", name,
                                 "%s has the same hardware address on bridge %s", other->name, plan->bridge);
    }
    return 0;
}

int network_check(struct daemon *daemon, const char *name, const struct wire_deploy *deploy,
                  struct error *err)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < deploy->networks.count; i++) {
        struct network_plan plan;
        result = networks_plan(daemon, name, device_of(deploy, i)->network, &plan, err);
        if (result == 0)
            result = check_device(daemon, name, device_of(deploy, i), &plan, err);
        if (result == 0)
            result = check_ports(name, deploy, i, &plan, err);
        if (result == 0)
            result = check_mac(daemon, name, device_of(deploy, i), &plan, err);
    }
    return result;
}

int network_prepare(struct daemon *daemon, const char *name, const struct wire_deploy *deploy,
                    struct error *err)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < deploy->networks.count; i++) {
        struct network_plan plan;
        result = networks_plan(daemon, name, device_of(deploy, i)->network, &plan, err);
        if (result == 0 && !plan.bridged)
            result = usernet_prepare(daemon, &plan, err);
    }
    return result;
}

static void device_name(const struct wire_deploy_net *net, char name[static 80])
{
    snprintf(name, 80, "%.*s", (int)(net->device.size < 79 ? net->device.size : 79),
             (const char *)net->device.data);
}

/* What is known of a device without asking anybody. */
static void fill_attachment(struct unikernel *unikernel, size_t i, const struct network_plan *plan,
                            uint32_t ipv4)
{
    struct attachment *attachment = &unikernel->nets[i];
    const struct wire_deploy_net *net = device_of(unikernel->deploy, i);
    uint32_t given;
    unikernel_mac(unikernel->name, net, attachment->mac);
    attachment->ipv4 = ipv4;
    attachment->prefix = plan->range.prefix;
    attachment->gateway = plan->range.gateway;
    attachment->resolver = plan->resolver;
    attachment->mtu = plan->mtu;
    snprintf(attachment->network, sizeof attachment->network, "%s", plan->network);
    snprintf(attachment->bridge, sizeof attachment->bridge, "%s", plan->bridge);
    if (!plan->has_range && net->has_ipv4)
        address_parse(net->ipv4, &given, &attachment->prefix);
}

void network_reattach(struct unikernel *unikernel)
{
    struct network_plan plan;
    char device[80];
    bool runs = unikernel->pid != 0 && unikernel->deploy->networks.count > 0;
    for (size_t i = 0; i < unikernel->deploy->networks.count && i < UNIKERNEL_NETS_MAX; i++) {
        const struct wire_deploy_net *net = device_of(unikernel->deploy, i);
        uint32_t ipv4 = 0;
        uint8_t prefix;
        if (networks_plan(unikernel->daemon, unikernel->name, net->network, &plan, NULL) < 0)
            continue;
        device_name(net, device);
        if (plan.has_range)
            ipv4 = lease_find(unikernel->daemon->store, unikernel->name, device, plan.network);
        else if (net->has_ipv4)
            address_parse(net->ipv4, &ipv4, &prefix);
        fill_attachment(unikernel, i, &plan, ipv4);
        if (runs && plan.bridged)
            bridge_adopt(unikernel, i, &plan);
    }
    unikernel->attached = runs;
}

static int reserve_device(struct unikernel *unikernel, size_t i, const struct network_plan *plan,
                          struct error *err)
{
    const struct wire_deploy_net *net = device_of(unikernel->deploy, i);
    char device[80];
    uint32_t ipv4 = 0;
    uint8_t prefix;
    if (net->has_ipv4 && net->ipv4.size > 0 && !address_parse(net->ipv4, &ipv4, &prefix))
        return error_set(err, EINVAL, "network", unikernel->name, "an address is A.B.C.D or A.B.C.D/N");
    device_name(net, device);
    if (plan->has_range)
        ipv4 = lease_assign(unikernel->daemon->store, unikernel->name, device, plan->network, &plan->range,
                            ipv4, err);
    if (plan->has_range && ipv4 == 0)
        return -EADDRNOTAVAIL;
    fill_attachment(unikernel, i, plan, ipv4);
    return 0;
}

int network_reserve(struct unikernel *unikernel, struct error *err)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < unikernel->deploy->networks.count; i++) {
        struct network_plan plan;
        result = networks_plan(unikernel->daemon, unikernel->name, device_of(unikernel->deploy, i)->network,
                               &plan, err);
        if (result == 0)
            result = reserve_device(unikernel, i, &plan, err);
    }
    return result;
}

static int attach_device(struct unikernel *unikernel, size_t i, int *end, struct error *err)
{
    struct network_plan plan;
    int result = networks_plan(unikernel->daemon, unikernel->name, device_of(unikernel->deploy, i)->network,
                               &plan, err);
    if (result < 0)
        return result;
    if (!plan.bridged)
        return usernet_attach(unikernel, i, &plan, end, err);
    *end = bridge_attach(unikernel, i, &plan, err);
    return *end < 0 ? *end : 0;
}

/* On a bridge the socket stays here, unused: it keeps the port from others. */
static int attach_ports(struct unikernel *unikernel, struct error *err)
{
    /* Binding again gives the numbers that were given before: the configuration holds them. */
    struct wire_deploy deploy = *unikernel->deploy;
    int result = ports_open(&deploy, NULL, unikernel->listeners, err);
    for (size_t i = 0; result == 0 && i < deploy.ports.count; i++) {
        int found = ports_device(&deploy, &deploy.ports.items[i]);
        size_t device = found < 0 ? 0 : (size_t)found;
        if (unikernel->nets[device].tap[0] != '\0')
            continue;
        result = usernet_listen(unikernel, device, i, unikernel->listeners[i], err);
        fd_close(&unikernel->listeners[i]);
    }
    for (size_t i = 0; result == 0 && i < deploy.networks.count; i++)
        if (unikernel->nets[i].tap[0] != '\0')
            result = bridge_listen(unikernel, i, err);
    return result;
}

int network_attach(struct unikernel *unikernel, int *ends, struct error *err)
{
    size_t count = unikernel->deploy->networks.count;
    if (count == 0)
        return 0;
    int result = network_prepare(unikernel->daemon, unikernel->name, unikernel->deploy, err);
    if (result == 0)
        result = network_reserve(unikernel, err);
    for (size_t i = 0; i < count; i++)
        ends[i] = -1;
    unikernel->attached = true;
    for (size_t i = 0; result == 0 && i < count; i++)
        result = attach_device(unikernel, i, &ends[i], err);
    if (result == 0)
        result = attach_ports(unikernel, err);
    if (result == 0)
        return 0;
    network_detach(unikernel);
    for (size_t i = 0; i < count; i++)
        fd_close(&ends[i]);
    return result;
}

int network_connect(struct unikernel *unikernel, uint16_t guest_port, struct error *err)
{
    if (!unikernel->attached)
        return error_set(err, ENOTCONN, "connect", unikernel->name, "it has no network");
    if (unikernel->nets[0].tap[0] != '\0')
        return bridge_connect(unikernel, 0, guest_port, err);
    return usernet_connect(unikernel, guest_port, err);
}

void network_detach(struct unikernel *unikernel)
{
    if (!unikernel->attached)
        return;
    unikernel->attached = false;
    for (size_t i = 0; i < unikernel->deploy->networks.count && i < UNIKERNEL_NETS_MAX; i++) {
        if (unikernel->nets[i].tap[0] != '\0')
            bridge_detach(unikernel, i);
        else
            usernet_detach(unikernel, i);
    }
}

int network_open(struct daemon *daemon, struct error *err)
{
    int result = networks_open(daemon, err);
    if (result == 0)
        result = policies_discover(daemon, err);
    if (result < 0)
        return result;
    for (size_t i = 0; i < daemon->unikernel_count; i++)
        network_reattach(daemon->unikernels[i]);
    return bridge_watch_open(daemon, err);
}

void network_close(struct daemon *daemon)
{
    bridge_watch_close(daemon);
    usernet_lose_all(daemon);
    networks_close(daemon);
}
