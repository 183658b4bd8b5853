/*
 * run_switch.c: the user network of `bivy run`: a bivy-net of its own, which ends with it.
 *
 * The guest's addresses are chosen here and told to the switch, so that the tender need not wait for it:
 * requests go out in one go, the tender is started, and only then the answers are read.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "host/path.h"
#include "host/spawn.h"
#include "run.h"

#define SWITCH_TIMEOUT_S   10
#define SWITCH_FIRST_GUEST 16 /* the first guest's last byte; .1 is the gateway, .3 the resolver */

/* The first nameserver of each family in the host's resolv.conf. Loopback ones are fine: the switch asks them
 * from the host's side. */
static void read_resolver(struct net_network *network)
{
    char line[512];
    char word[INET6_ADDRSTRLEN];
    static const uint8_t none[16];
    FILE *file = fopen("/etc/resolv.conf", "re");
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL) {
        uint8_t address[16];
        if (sscanf(line, "nameserver %45s", word) != 1)
            continue;
        word[strcspn(word, "%")] = '\0';
        if (inet_pton(AF_INET, word, address) == 1 && memcmp(network->resolver, none, 4) == 0)
            memcpy(network->resolver, address, 4);
        else if (inet_pton(AF_INET6, word, address) == 1 && memcmp(network->resolver6, none, 16) == 0)
            memcpy(network->resolver6, address, 16);
    }
    fclose(file);
}

/* RFC 4193: fd, then 40 bits at random. */
static int fill_network(struct net_network *network)
{
    static const uint8_t subnet[4] = {10, 0, 2, 0};
    *network = (struct net_network){.prefix = 24, .mtu = 1500, .domain = "internal"};
    memcpy(network->subnet, subnet, sizeof subnet);
    network->subnet6[0] = 0xfd;
    if (getrandom(network->subnet6 + 1, 5, 0) != 5)
        return -EIO;
    read_resolver(network);
    return 0;
}

static int start_program(struct run *run, int control, struct error *err)
{
    char program[PATH_MAX];
    char word[] = "--control=@3";
    char *arguments[] = {program, word, NULL};
    /* Standard input and output are none of its business; what it has to say comes on standard error. */
    const int fds[] = {-1, -1, STDERR_FILENO, control};
    int result = path_program(program, "bivy-net", err);
    if (result < 0)
        return result;
    /* A session of its own: an interrupt at the terminal is for the unikernel, which may still want to send.
     */
    struct spawn spawn = {.program = program,
                          .arguments = arguments,
                          .fds = fds,
                          .fd_count = 4,
                          .new_session = true,
                          .die_with_parent = true};
    run->switch_pid = spawn_program(&spawn, &run->switch_pidfd, err);
    return run->switch_pid < 0 ? (int)run->switch_pid : 0;
}

static int ask(struct run *run, struct net_request *request, int fd, struct error *err)
{
    request->version = NET_CONTROL_VERSION;
    ssize_t n = fd_send(run->switch_control, request, sizeof *request, &fd, fd >= 0 ? 1 : 0, 0);
    return n < 0 ? error_set(err, (int)-n, "set up network", "bivy-net", NULL) : 0;
}

static int ask_port(struct run *run, size_t index, struct error *err)
{
    struct run_net *net = &run->nets[index];
    struct net_request request = {.op = NET_OP_PORT_ADD, .sequence = 2 + index, .u.port.id = index + 1};
    memcpy(net->ipv4, run->network.subnet, 4);
    net->ipv4[3] = (uint8_t)(SWITCH_FIRST_GUEST + index);
    snprintf(request.u.port.name, NET_NAME_SIZE, index == 0 ? "%s" : "%s-%zu", run->label, index + 1);
    memcpy(request.u.port.mac, net->spec.mac, 6);
    memcpy(request.u.port.ipv4, net->ipv4, 4);
    int result = ask(run, &request, net->far_fd, err);
    fd_close(&net->far_fd);
    return result;
}

static int ask_listener(struct run *run, size_t index, struct error *err)
{
    struct run_port *port = &run->ports[index];
    struct net_request request = {
        .op = NET_OP_LISTEN_ADD,
        .sequence = 1000 + index,
        .u.listen = {.id = index + 1,
                     .port_id = port->net + 1,
                     .guest_port = port->spec.guest,
                     .protocol = port->spec.udp ? NET_UDP : NET_TCP},
    };
    int result = ask(run, &request, port->fd, err);
    fd_close(&port->fd);
    return result;
}

static bool needs_switch(const struct run *run)
{
    for (size_t i = 0; i < run->net_count; i++)
        if (run->nets[i].spec.kind == DEVICE_NET_USER)
            return true;
    return false;
}

int run_switch_start(struct run *run, struct error *err)
{
    int ends[2];
    struct net_request configure = {.op = NET_OP_CONFIGURE, .sequence = 1};
    struct timeval patience = {.tv_sec = SWITCH_TIMEOUT_S};
    if (!needs_switch(run))
        return 0;
    if (fill_network(&run->network) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_set(err, errno, "set up network", "bivy-net", NULL);
    run->switch_control = ends[0];
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    int result = start_program(run, ends[1], err);
    fd_close(&ends[1]);
    configure.u.network = run->network;
    if (result == 0)
        result = ask(run, &configure, -1, err);
    for (size_t i = 0; result == 0 && i < run->net_count; i++)
        if (run->nets[i].spec.kind == DEVICE_NET_USER)
            result = ask_port(run, i, err);
    for (size_t i = 0; result == 0 && i < run->port_count; i++)
        result = ask_listener(run, i, err);
    return result;
}

/* One answer: they come in the order of the requests. */
static int take_answer(struct run *run, struct error *err)
{
    struct net_reply reply;
    size_t fds = 0;
    ssize_t n = fd_receive(run->switch_control, &reply, sizeof reply, NULL, &fds, 0);
    if (n == -EAGAIN)
        return error_set(err, ETIMEDOUT, "set up network", "bivy-net", "no answer for %d s",
                         SWITCH_TIMEOUT_S);
    if (n == 0)
        return error_set(err, EPIPE, "set up network", "bivy-net", "it ended before it answered");
    if (n < 0)
        return error_set(err, (int)-n, "set up network", "bivy-net", NULL);
    if (n != sizeof reply || reply.version != NET_CONTROL_VERSION)
        return error_set(err, EPROTO, "set up network", "bivy-net", "it is not of this version of bivy");
    reply.text[sizeof reply.text - 1] = '\0';
    if (reply.error < 0)
        return error_set(err, -reply.error, "set up network", "bivy-net", "%s",
                         reply.text[0] != '\0' ? reply.text : strerror(-reply.error));
    return 0;
}

int run_switch_finish(struct run *run, struct error *err)
{
    char host[PORT_ADDRESS_SIZE + 8];
    int result = 0;
    if (run->switch_pid == 0)
        return 0;
    size_t answers = 1 + run->port_count;
    for (size_t i = 0; i < run->net_count; i++)
        answers += run->nets[i].spec.kind == DEVICE_NET_USER;
    for (size_t i = 0; result == 0 && i < answers; i++)
        result = take_answer(run, err);
    for (size_t i = 0; result == 0 && i < run->port_count; i++) {
        const struct port_spec *port = &run->ports[i].spec;
        port_print_host(port, host);
        fprintf(stderr, "listening on %s -> %u/%s\n", host, port->guest, port->udp ? "udp" : "tcp");
    }
    return result;
}
