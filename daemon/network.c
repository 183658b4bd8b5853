/* network.c: user-mode networks; see network.h. */
#define _GNU_SOURCE
#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bivy/net_control.h"
#include "daemon.h"
#include "event.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "host/loop.h"
#include "host/path.h"
#include "keeper.h"
#include "lease.h"
#include "ports.h"
#include "scope.h"
#include "supervise.h"
#include "unikernel.h"

#define NETWORK_SUBNET     0x0a400000u /* 10.64.0.0/16: room for all unikernels of a host */
#define NETWORK_PREFIX     16
#define NETWORK_TIMEOUT_MS 3000

struct network {
    struct network *next;
    struct daemon *daemon;
    uint64_t id; /* in the keep */
    char path[SCOPE_NAME_SIZE];
    char held[SCOPE_NAME_SIZE + 8]; /* the control socket's name in the keep; the network's in leases */
    int control;
    uint64_t sequence;
};

static struct network *network_find(const struct daemon *daemon, const char *path)
{
    struct network *network = daemon->networks;
    while (network != NULL && strcmp(network->path, path) != 0)
        network = network->next;
    return network;
}

static struct network *network_new(struct daemon *daemon, const char *path, uint64_t id)
{
    struct network *network = calloc(1, sizeof *network);
    if (network == NULL)
        return NULL;
    *network = (struct network){.daemon = daemon, .id = id, .control = -1, .sequence = loop_now()};
    snprintf(network->path, sizeof network->path, "%s", path);
    snprintf(network->held, sizeof network->held, "user@%s", path);
    return network;
}

static void network_free(struct network *network)
{
    fd_close(&network->control);
    free(network);
}

static void network_unlink(struct network *network)
{
    struct network **slot = &network->daemon->networks;
    while (*slot != NULL && *slot != network)
        slot = &(*slot)->next;
    if (*slot != NULL)
        *slot = network->next;
}

/* Waits for the answer to the request; answers to a daemon that is gone are passed over. */
static int network_wait(struct network *network, struct net_reply *reply)
{
    uint64_t deadline = loop_now() + NETWORK_TIMEOUT_MS * UINT64_C(1000000);
    for (;;) {
        uint64_t now = loop_now();
        struct pollfd wait = {.fd = network->control, .events = POLLIN};
        if (now >= deadline || poll(&wait, 1, (int)((deadline - now) / 1000000) + 1) == 0)
            return -ETIMEDOUT;
        ssize_t size = recv(network->control, reply, sizeof *reply, MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (size != (ssize_t)sizeof *reply || reply->version != NET_CONTROL_VERSION)
            return -EPIPE;
        if (reply->sequence == network->sequence)
            return 0;
    }
}

/* A switch that does not answer has met a frame it could not bear: it is ended, and with that replaced. */
static int network_call(struct network *network, struct net_request *request, int fd, struct net_reply *reply,
                        struct error *err)
{
    request->version = NET_CONTROL_VERSION;
    request->sequence = ++network->sequence;
    ssize_t sent = fd_send(network->control, request, sizeof *request, &fd, fd >= 0 ? 1 : 0, 0);
    int result = sent < 0 ? (int)sent : network_wait(network, reply);
    if (result < 0) {
        keeper_signal(network->daemon->keeper, network->id, SIGKILL, NULL);
        return error_set(err, -result, "network", network->held, "bivy-net does not answer");
    }
    reply->text[sizeof reply->text - 1] = '\0';
    if (reply->error != 0)
        return error_set(err, reply->error < 0 ? -reply->error : EIO, "network", network->held, "%s",
                         reply->text);
    return 0;
}

/* The host's first resolver that speaks IPv4. */
static void find_resolver(uint8_t resolver[static 4])
{
    char line[512];
    FILE *file = fopen("/etc/resolv.conf", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char text[64];
        if (sscanf(line, " nameserver %63s", text) == 1 && inet_pton(AF_INET, text, resolver) == 1)
            break;
    }
    if (file != NULL)
        fclose(file);
}

static int network_configure(struct network *network, struct error *err)
{
    struct net_reply reply;
    struct net_request request = {.op = NET_OP_CONFIGURE};
    struct net_network *config = &request.u.network;
    uint32_t subnet = htonl(NETWORK_SUBNET);
    uint32_t tag = 0x811c9dc5; /* FNV: another /64 for each path */
    for (const char *p = network->path; *p != '\0'; p++)
        tag = (tag ^ (uint8_t)*p) * 0x01000193u;
    const uint8_t prefix6[8] = {
        0xfd,        0xb1, 0x76, 0x79, (uint8_t)(tag >> 24), (uint8_t)(tag >> 16), (uint8_t)(tag >> 8),
        (uint8_t)tag};
    memcpy(config->subnet, &subnet, 4);
    memcpy(config->subnet6, prefix6, sizeof prefix6);
    config->prefix = NETWORK_PREFIX;
    config->mtu = 1500;
    snprintf(config->domain, sizeof config->domain, "internal");
    find_resolver(config->resolver);
    return network_call(network, &request, -1, &reply, err);
}

static int network_spawn(struct network *network, struct error *err)
{
    char program[PATH_MAX];
    char *arguments[] = {(char *)"bivy-net", (char *)"--control=@3", NULL};
    int ends[2];
    int result = path_program(program, "bivy-net", err);
    if (result < 0)
        return result;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_set(err, errno, "network", network->held, NULL);
    network->control = ends[0];
    cleanup_fd int child_end = ends[1];
    struct keeper_spawn spawn = {.id = network->id,
                                 .name = network->held,
                                 .program = program,
                                 .arguments = arguments,
                                 .ring = -1,
                                 .fds = &child_end,
                                 .fd_count = 1};
    result = keeper_hold(network->daemon->keeper, network->held, network->control, err);
    if (result == 0)
        result = keeper_spawn(network->daemon->keeper, &spawn, err);
    return result < 0 ? result : 0;
}

static struct network *network_start(struct daemon *daemon, const char *path, struct error *err)
{
    static uint64_t next = NETWORK_ID_FIRST;
    for (const struct network *n = daemon->networks; n != NULL; n = n->next)
        next = n->id >= next ? n->id + 1 : next;
    struct network *network = network_new(daemon, path, next++);
    if (network == NULL) {
        error_set(err, ENOMEM, "network", path, NULL);
        return NULL;
    }
    int result = network_spawn(network, err);
    if (result == 0)
        result = network_configure(network, err);
    if (result < 0) {
        keeper_signal(daemon->keeper, network->id, SIGKILL, NULL);
        keeper_drop(daemon->keeper, network->held, NULL);
        network_free(network);
        return NULL;
    }
    network->next = daemon->networks;
    daemon->networks = network;
    log_info("network %s: started", network->held);
    return network;
}

int network_prepare(struct daemon *daemon, const char *path, struct error *err)
{
    return network_find(daemon, path) != NULL || network_start(daemon, path, err) != NULL ? 0 : -EIO;
}

void network_open(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->unikernel_count; i++)
        network_reattach(daemon->unikernels[i]);
}

int network_check(const char *name, const struct wire_deploy_net *net, struct error *err)
{
    if (wire_text_is(net->network, "user"))
        return 0;
    char network[80];
    snprintf(network, sizeof network, "%.*s", (int)(net->network.size < 64 ? net->network.size : 64),
             (const char *)net->network.data);
    int result = error_set(err, EOPNOTSUPP, "network", network, "%s cannot be attached to it", name);
    error_hint(err, "this daemon attaches the network \"user\"");
    return result;
}

static uint64_t port_id(const struct unikernel *unikernel, size_t device)
{
    return (uint64_t)unikernel->id * UNIKERNEL_NETS_MAX + device + 1;
}

static void device_name(const struct wire_deploy_net *net, char name[static 80])
{
    snprintf(name, 80, "%.*s", (int)(net->device.size < 79 ? net->device.size : 79),
             (const char *)net->device.data);
}

/* What is known of a device without asking anybody. */
static void fill_attachment(struct unikernel *unikernel, size_t i, uint32_t ipv4)
{
    struct attachment *attachment = &unikernel->nets[i];
    unikernel_mac(unikernel->name, &unikernel->deploy->networks.items[i], attachment->mac);
    attachment->ipv4 = ipv4;
    attachment->prefix = NETWORK_PREFIX;
    attachment->gateway = NETWORK_SUBNET + 1;
    attachment->resolver = NETWORK_SUBNET + 3;
}

void network_reattach(struct unikernel *unikernel)
{
    char path[SCOPE_NAME_SIZE];
    char held[SCOPE_NAME_SIZE + 8];
    char device[80];
    scope_parent(unikernel->name, path);
    snprintf(held, sizeof held, "user@%s", path);
    for (size_t i = 0; i < unikernel->deploy->networks.count && i < UNIKERNEL_NETS_MAX; i++) {
        device_name(&unikernel->deploy->networks.items[i], device);
        fill_attachment(unikernel, i, lease_find(unikernel->daemon->store, unikernel->name, device, held));
    }
    unikernel->attached = unikernel->pid != 0 && unikernel->deploy->networks.count > 0;
}

/* "A.B.C.D" or "A.B.C.D/N" in host order; 0: none. */
static uint32_t wanted_address(const struct wire_deploy_net *net)
{
    char text[INET_ADDRSTRLEN + 4] = "";
    struct in_addr address;
    if (!net->has_ipv4 || net->ipv4.size >= sizeof text)
        return 0;
    memcpy(text, net->ipv4.data, net->ipv4.size);
    text[strcspn(text, "/")] = '\0';
    return inet_pton(AF_INET, text, &address) == 1 ? ntohl(address.s_addr) : 0;
}

int network_reserve(struct unikernel *unikernel, struct error *err)
{
    char path[SCOPE_NAME_SIZE];
    char held[SCOPE_NAME_SIZE + 8];
    char device[80];
    scope_parent(unikernel->name, path);
    snprintf(held, sizeof held, "user@%s", path);
    for (size_t i = 0; i < unikernel->deploy->networks.count; i++) {
        const struct wire_deploy_net *net = &unikernel->deploy->networks.items[i];
        device_name(net, device);
        uint32_t ipv4 = lease_assign(unikernel->daemon->store, unikernel->name, device, held, NETWORK_SUBNET,
                                     NETWORK_PREFIX, wanted_address(net), err);
        if (ipv4 == 0)
            return -EADDRNOTAVAIL;
        fill_attachment(unikernel, i, ipv4);
    }
    return 0;
}

static int attach_device(struct network *network, struct unikernel *unikernel, size_t i, int *end,
                         struct error *err)
{
    struct net_request request = {.op = NET_OP_PORT_ADD, .u.port.id = port_id(unikernel, i)};
    struct net_reply reply;
    char device[80];
    int ends[2];
    device_name(&unikernel->deploy->networks.items[i], device);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        return error_set(err, errno, "network", network->held, NULL);
    cleanup_fd int switch_end = ends[0];
    *end = ends[1];
    uint32_t wire_ipv4 = htonl(unikernel->nets[i].ipv4);
    memcpy(request.u.port.mac, unikernel->nets[i].mac, 6);
    memcpy(request.u.port.ipv4, &wire_ipv4, 4);
    snprintf(request.u.port.name, sizeof request.u.port.name, "%s%s%s", scope_label(unikernel->name),
             i == 0 ? "" : ".", i == 0 ? "" : device);
    return network_call(network, &request, switch_end, &reply, err);
}

static int attach_ports(struct network *network, struct unikernel *unikernel, struct error *err)
{
    /* Binding again gives the numbers that were given before: the configuration holds them. */
    struct wire_deploy deploy = *unikernel->deploy;
    int result = ports_open(&deploy, NULL, unikernel->listeners, err);
    for (size_t i = 0; result == 0 && i < deploy.ports.count; i++) {
        const struct wire_deploy_port *port = &deploy.ports.items[i];
        struct net_reply reply;
        struct net_request request = {.op = NET_OP_LISTEN_ADD};
        int device = ports_device(&deploy, port);
        request.u.listen = (struct net_listen){.id = (uint64_t)unikernel->id * UNIKERNEL_PORTS_MAX + i + 1,
                                               .port_id = port_id(unikernel, device < 0 ? 0 : (size_t)device),
                                               .guest_port = (uint16_t)port->guest,
                                               .protocol = port->udp ? NET_UDP : NET_TCP};
        result = network_call(network, &request, unikernel->listeners[i], &reply, err);
        fd_close(&unikernel->listeners[i]);
    }
    return result;
}

int network_attach(struct unikernel *unikernel, int *ends, struct error *err)
{
    char path[SCOPE_NAME_SIZE];
    size_t count = unikernel->deploy->networks.count;
    if (count == 0)
        return 0;
    scope_parent(unikernel->name, path);
    if (network_prepare(unikernel->daemon, path, err) < 0)
        return -EIO;
    struct network *network = network_find(unikernel->daemon, path);
    int result = network_reserve(unikernel, err);
    for (size_t i = 0; i < count; i++)
        ends[i] = -1;
    unikernel->attached = true;
    for (size_t i = 0; result == 0 && i < count; i++)
        result = attach_device(network, unikernel, i, &ends[i], err);
    if (result == 0)
        result = attach_ports(network, unikernel, err);
    if (result == 0)
        return 0;
    network_detach(unikernel);
    for (size_t i = 0; i < count; i++)
        fd_close(&ends[i]);
    return result;
}

int network_connect(struct unikernel *unikernel, uint16_t guest_port, struct error *err)
{
    char path[SCOPE_NAME_SIZE];
    struct net_reply reply;
    struct net_request request = {.op = NET_OP_CONNECT};
    int ends[2];
    scope_parent(unikernel->name, path);
    struct network *network = network_find(unikernel->daemon, path);
    if (network == NULL || !unikernel->attached)
        return error_set(err, ENOTCONN, "connect", unikernel->name, "it has no network");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return error_set(err, errno, "connect", unikernel->name, NULL);
    cleanup_fd int own_end = ends[0];
    cleanup_fd int switch_end = ends[1];
    request.u.listen =
        (struct net_listen){.port_id = port_id(unikernel, 0), .guest_port = guest_port, .protocol = NET_TCP};
    int result = network_call(network, &request, switch_end, &reply, err);
    return result < 0 ? result : fd_take(&own_end);
}

void network_detach(struct unikernel *unikernel)
{
    char path[SCOPE_NAME_SIZE];
    if (!unikernel->attached)
        return;
    unikernel->attached = false;
    scope_parent(unikernel->name, path);
    struct network *network = network_find(unikernel->daemon, path);
    for (size_t i = 0; network != NULL && i < unikernel->deploy->networks.count; i++) {
        struct net_request request = {.op = NET_OP_PORT_REMOVE, .u.port.id = port_id(unikernel, i)};
        struct net_reply reply;
        network_call(network, &request, -1, &reply, NULL);
    }
}

bool network_adopt(struct daemon *daemon, const struct keep_child *child)
{
    static const char prefix[] = "user@";
    if (child->id < NETWORK_ID_FIRST)
        return false;
    if (child->ended_ns != 0 || strncmp(child->name, prefix, sizeof prefix - 1) != 0)
        return network_exited(daemon, child->id);
    struct network *network = network_new(daemon, child->name + sizeof prefix - 1, child->id);
    if (network == NULL)
        return true;
    network->control = keeper_fetch(daemon->keeper, network->held, NULL);
    if (network->control < 0) {
        keeper_signal(daemon->keeper, child->id, SIGKILL, NULL);
        network_free(network);
        return true;
    }
    network->next = daemon->networks;
    daemon->networks = network;
    return true;
}

/* With the pauses of any other restart: a guest whose frames end its switch must not keep the host busy. */
static void restart_ended(struct unikernel *unikernel)
{
    supervise_start_later(unikernel);
}

/* The tender holds one end of a socket whose other end is gone. */
static void restart_attached(struct daemon *daemon, const char *path)
{
    for (size_t i = 0; i < daemon->unikernel_count; i++) {
        struct unikernel *unikernel = daemon->unikernels[i];
        char parent[SCOPE_NAME_SIZE];
        scope_parent(unikernel->name, parent);
        if (!unikernel->attached || strcmp(parent, path) != 0)
            continue;
        unikernel->attached = false;
        if (unikernel->ended != NULL)
            continue;
        event_emit(daemon, WIRE_EVENT_KIND_FAILED, unikernel->name, NULL,
                   "its network has ended: it is started again");
        supervise_end(unikernel, restart_ended, NULL);
    }
}

bool network_exited(struct daemon *daemon, uint64_t id)
{
    if (id < NETWORK_ID_FIRST)
        return false;
    struct network *network = daemon->networks;
    while (network != NULL && network->id != id)
        network = network->next;
    keeper_acknowledge(daemon->keeper, id, NULL);
    if (network == NULL)
        return true;
    log_error("network %s: bivy-net has ended", network->held);
    network_unlink(network);
    keeper_drop(daemon->keeper, network->held, NULL);
    if (!daemon->ending)
        restart_attached(daemon, network->path);
    network_free(network);
    return true;
}

void network_lose_all(struct daemon *daemon)
{
    while (daemon->networks != NULL) {
        struct network *network = daemon->networks;
        daemon->networks = network->next;
        network_free(network);
    }
}

void network_close_all(struct daemon *daemon)
{
    for (struct network *network = daemon->networks; network != NULL; network = network->next) {
        keeper_drop(daemon->keeper, network->held, NULL);
        keeper_signal(daemon->keeper, network->id, SIGTERM, NULL);
        fd_close(&network->control);
    }
}
