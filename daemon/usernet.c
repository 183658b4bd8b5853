/* usernet.c: see usernet.h. */
#define _GNU_SOURCE
#include "usernet.h"

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
#include "networks.h"
#include "scope.h"
#include "supervise.h"
#include "unikernel.h"

#define USERNET_TIMEOUT_MS 3000
#define USERNET_MTU        1500

struct usernet {
    struct usernet *next;
    struct daemon *daemon;
    uint64_t id;                       /* in the keep */
    char held[UNIKERNEL_NETWORK_SIZE]; /* the control socket's name in the keep; the network's in leases */
    int control;
    uint64_t sequence;
};

static struct usernet *usernet_find(const struct daemon *daemon, const char *held)
{
    struct usernet *network = daemon->switches;
    while (network != NULL && strcmp(network->held, held) != 0)
        network = network->next;
    return network;
}

static struct usernet *usernet_new(struct daemon *daemon, const char *held, uint64_t id)
{
    struct usernet *network = calloc(1, sizeof *network);
    if (network == NULL)
        return NULL;
    *network = (struct usernet){.daemon = daemon, .id = id, .control = -1, .sequence = loop_now()};
    snprintf(network->held, sizeof network->held, "%s", held);
    return network;
}

static void usernet_free(struct usernet *network)
{
    fd_close(&network->control);
    free(network);
}

static void usernet_unlink(struct usernet *network)
{
    struct usernet **slot = &network->daemon->switches;
    while (*slot != NULL && *slot != network)
        slot = &(*slot)->next;
    if (*slot != NULL)
        *slot = network->next;
}

/* Waits for the answer to the request; answers to a daemon that is gone are passed over. */
static int usernet_wait(struct usernet *network, struct net_reply *reply)
{
    uint64_t deadline = loop_now() + USERNET_TIMEOUT_MS * UINT64_C(1000000);
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
static int usernet_call(struct usernet *network, struct net_request *request, int fd, struct net_reply *reply,
                        struct error *err)
{
    request->version = NET_CONTROL_VERSION;
    request->sequence = ++network->sequence;
    ssize_t sent = fd_send(network->control, request, sizeof *request, &fd, fd >= 0 ? 1 : 0, 0);
    int result = sent < 0 ? (int)sent : usernet_wait(network, reply);
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

static int usernet_configure(struct usernet *network, const struct network_plan *plan, struct error *err)
{
    struct net_reply reply;
    struct net_request request = {.op = NET_OP_CONFIGURE};
    struct net_network *config = &request.u.network;
    uint32_t subnet = htonl(plan->range.subnet);
    uint32_t tag = 0x811c9dc5; /* FNV: another /64 for each switch */
    for (const char *p = network->held; *p != '\0'; p++)
        tag = (tag ^ (uint8_t)*p) * 0x01000193u;
    const uint8_t prefix6[8] = {
        0xfd,        0xb1, 0x76, 0x79, (uint8_t)(tag >> 24), (uint8_t)(tag >> 16), (uint8_t)(tag >> 8),
        (uint8_t)tag};
    memcpy(config->subnet, &subnet, 4);
    memcpy(config->subnet6, prefix6, sizeof prefix6);
    config->prefix = plan->range.prefix;
    config->mtu = (uint16_t)(plan->mtu != 0 ? plan->mtu : USERNET_MTU);
    snprintf(config->domain, sizeof config->domain, "internal");
    find_resolver(config->resolver);
    return usernet_call(network, &request, -1, &reply, err);
}

static int usernet_spawn(struct usernet *network, struct error *err)
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

static struct usernet *usernet_start(struct daemon *daemon, const struct network_plan *plan,
                                     struct error *err)
{
    static uint64_t next = USERNET_ID_FIRST;
    for (const struct usernet *n = daemon->switches; n != NULL; n = n->next)
        next = n->id >= next ? n->id + 1 : next;
    struct usernet *network = usernet_new(daemon, plan->network, next++);
    if (network == NULL) {
        error_set(err, ENOMEM, "network", plan->network, NULL);
        return NULL;
    }
    int result = usernet_spawn(network, err);
    if (result == 0)
        result = usernet_configure(network, plan, err);
    if (result < 0) {
        keeper_signal(daemon->keeper, network->id, SIGKILL, NULL);
        keeper_drop(daemon->keeper, network->held, NULL);
        usernet_free(network);
        return NULL;
    }
    network->next = daemon->switches;
    daemon->switches = network;
    log_info("network %s: started", network->held);
    return network;
}

int usernet_prepare(struct daemon *daemon, const struct network_plan *plan, struct error *err)
{
    return usernet_find(daemon, plan->network) != NULL || usernet_start(daemon, plan, err) != NULL ? 0 : -EIO;
}

static uint64_t port_number(int64_t id, size_t device)
{
    return (uint64_t)id * UNIKERNEL_NETS_MAX + device + 1;
}

static uint64_t port_id(const struct unikernel *unikernel, size_t device)
{
    return port_number(unikernel->id, device);
}

/* "web.tenant" for tenant:web, "web.inner.outer" for outer:inner:web; "DEVICE." before it, but for the first.
 */
static void port_name(const struct unikernel *unikernel, size_t device, char name[static NET_NAME_SIZE])
{
    struct wire_bytes own = unikernel->deploy->networks.items[device].device;
    char rest[SCOPE_NAME_SIZE];
    size_t at = 0;
    snprintf(rest, sizeof rest, "%s", unikernel->name);
    if (device > 0)
        at = (size_t)snprintf(name, NET_NAME_SIZE, "%.*s.", (int)(own.size < 63 ? own.size : 63),
                              (const char *)own.data);
    for (char *colon = strrchr(rest, ':'); colon != NULL && at < NET_NAME_SIZE; colon = strrchr(rest, ':')) {
        at += (size_t)snprintf(name + at, NET_NAME_SIZE - at, "%s.", colon + 1);
        *colon = '\0';
    }
    if (rest[0] != '\0' && at < NET_NAME_SIZE)
        snprintf(name + at, NET_NAME_SIZE - at, "%s", rest);
    else if (at > 0 && at < NET_NAME_SIZE)
        name[at - 1] = '\0';
}

static int set_limits(struct usernet *network, uint64_t id, const struct guard_limits *limits,
                      struct error *err)
{
    struct net_reply reply;
    struct net_request request = {
        .op = NET_OP_LIMIT, .u.limit = {.port_id = id, .bytes = limits->bytes, .packets = limits->packets}};
    if (limits->bytes == 0 && limits->packets == 0)
        return 0;
    return usernet_call(network, &request, -1, &reply, err);
}

int usernet_attach(struct unikernel *unikernel, size_t i, const struct network_plan *plan, int *end,
                   struct error *err)
{
    struct usernet *network = usernet_find(unikernel->daemon, plan->network);
    struct net_request request = {.op = NET_OP_PORT_ADD, .u.port.id = port_id(unikernel, i)};
    struct net_reply reply;
    int ends[2];
    if (network == NULL)
        return error_set(err, ENOTCONN, "network", plan->network, "its switch has ended");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        return error_set(err, errno, "network", network->held, NULL);
    cleanup_fd int switch_end = ends[0];
    *end = ends[1];
    uint32_t wire_ipv4 = htonl(unikernel->nets[i].ipv4);
    memcpy(request.u.port.mac, unikernel->nets[i].mac, 6);
    memcpy(request.u.port.ipv4, &wire_ipv4, 4);
    port_name(unikernel, i, request.u.port.name);
    int result = usernet_call(network, &request, switch_end, &reply, err);
    return result == 0 ? set_limits(network, request.u.port.id, &plan->limits, err) : result;
}

int usernet_listen(struct unikernel *unikernel, size_t i, size_t index, int listener, struct error *err)
{
    const struct wire_deploy_port *port = &unikernel->deploy->ports.items[index];
    struct usernet *network = usernet_find(unikernel->daemon, unikernel->nets[i].network);
    struct net_reply reply;
    struct net_request request = {.op = NET_OP_LISTEN_ADD};
    if (network == NULL)
        return error_set(err, ENOTCONN, "network", unikernel->nets[i].network, "its switch has ended");
    request.u.listen = (struct net_listen){.id = (uint64_t)unikernel->id * UNIKERNEL_PORTS_MAX + index + 1,
                                           .port_id = port_id(unikernel, i),
                                           .guest_port = (uint16_t)port->guest,
                                           .protocol = port->udp ? NET_UDP : NET_TCP};
    return usernet_call(network, &request, listener, &reply, err);
}

int usernet_connect(struct unikernel *unikernel, uint16_t guest_port, struct error *err)
{
    struct net_reply reply;
    struct net_request request = {.op = NET_OP_CONNECT};
    int ends[2];
    struct usernet *network = usernet_find(unikernel->daemon, unikernel->nets[0].network);
    if (network == NULL)
        return error_set(err, ENOTCONN, "connect", unikernel->name, "it has no network");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return error_set(err, errno, "connect", unikernel->name, NULL);
    cleanup_fd int own_end = ends[0];
    cleanup_fd int switch_end = ends[1];
    request.u.listen =
        (struct net_listen){.port_id = port_id(unikernel, 0), .guest_port = guest_port, .protocol = NET_TCP};
    int result = usernet_call(network, &request, switch_end, &reply, err);
    return result < 0 ? result : fd_take(&own_end);
}

void usernet_detach(struct unikernel *unikernel, size_t i)
{
    struct usernet *network = usernet_find(unikernel->daemon, unikernel->nets[i].network);
    struct net_request request = {.op = NET_OP_PORT_REMOVE, .u.port.id = port_id(unikernel, i)};
    struct net_reply reply;
    if (network != NULL)
        usernet_call(network, &request, -1, &reply, NULL);
}

void usernet_forget(struct daemon *daemon, int64_t id)
{
    for (struct usernet *network = daemon->switches; network != NULL; network = network->next)
        for (size_t i = 0; i < UNIKERNEL_NETS_MAX; i++) {
            struct net_request request = {.op = NET_OP_PORT_REMOVE, .u.port.id = port_number(id, i)};
            struct net_reply reply;
            usernet_call(network, &request, -1, &reply, NULL);
        }
}

static bool is_attached(const struct unikernel *unikernel, const char *held)
{
    for (size_t i = 0; i < unikernel->deploy->networks.count && i < UNIKERNEL_NETS_MAX; i++)
        if (strcmp(unikernel->nets[i].network, held) == 0)
            return true;
    return false;
}

/* A definition nearer or farther may have the same label. */
static bool is_used(const struct usernet *network)
{
    for (size_t i = 0; i < network->daemon->unikernel_count; i++)
        if (is_attached(network->daemon->unikernels[i], network->held))
            return true;
    return false;
}

void usernet_end_unused(struct daemon *daemon, const char *label)
{
    size_t size = strlen(label);
    for (struct usernet *next, *network = daemon->switches; network != NULL; network = next) {
        next = network->next;
        if (strncmp(network->held, label, size) != 0 || network->held[size] != '@' || is_used(network))
            continue;
        /* Forgotten at once: a network of the same name may be wanted before its process has ended. */
        keeper_signal(daemon->keeper, network->id, SIGTERM, NULL);
        keeper_drop(daemon->keeper, network->held, NULL);
        usernet_unlink(network);
        usernet_free(network);
    }
}

bool usernet_adopt(struct daemon *daemon, const struct keep_child *child)
{
    if (child->id < USERNET_ID_FIRST)
        return false;
    if (child->ended_ns != 0)
        return usernet_exited(daemon, child->id);
    struct usernet *network = usernet_new(daemon, child->name, child->id);
    if (network == NULL)
        return true;
    network->control = keeper_fetch(daemon->keeper, network->held, NULL);
    if (network->control < 0) {
        keeper_signal(daemon->keeper, child->id, SIGKILL, NULL);
        usernet_free(network);
        return true;
    }
    network->next = daemon->switches;
    daemon->switches = network;
    return true;
}

/* With the pauses of any other restart: a guest whose frames end its switch must not keep the host busy. */
static void restart_ended(struct unikernel *unikernel)
{
    supervise_start_later(unikernel);
}

/* The tender holds one end of a socket whose other end is gone. */
static void restart_attached(struct daemon *daemon, const char *held)
{
    for (size_t i = 0; i < daemon->unikernel_count; i++) {
        struct unikernel *unikernel = daemon->unikernels[i];
        if (!unikernel->attached || !is_attached(unikernel, held))
            continue;
        if (unikernel->ended != NULL)
            continue;
        event_emit(daemon, WIRE_EVENT_KIND_FAILED, unikernel->name, NULL,
                   "its network has ended: it is started again");
        supervise_end(unikernel, restart_ended, NULL);
    }
}

bool usernet_exited(struct daemon *daemon, uint64_t id)
{
    if (id < USERNET_ID_FIRST)
        return false;
    struct usernet *network = daemon->switches;
    while (network != NULL && network->id != id)
        network = network->next;
    keeper_acknowledge(daemon->keeper, id, NULL);
    if (network == NULL)
        return true;
    log_error("network %s: bivy-net has ended", network->held);
    usernet_unlink(network);
    keeper_drop(daemon->keeper, network->held, NULL);
    if (!daemon->ending)
        restart_attached(daemon, network->held);
    usernet_free(network);
    return true;
}

void usernet_lose_all(struct daemon *daemon)
{
    while (daemon->switches != NULL) {
        struct usernet *network = daemon->switches;
        daemon->switches = network->next;
        usernet_free(network);
    }
}

void usernet_close_all(struct daemon *daemon)
{
    for (struct usernet *network = daemon->switches; network != NULL; network = network->next) {
        keeper_drop(daemon->keeper, network->held, NULL);
        keeper_signal(daemon->keeper, network->id, SIGTERM, NULL);
        fd_close(&network->control);
    }
}
