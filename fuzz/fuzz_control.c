/*
 * fuzz_control.c: any packets on the control socket of bivy-net, with and without descriptors.
 *
 * The input is a row of records: a byte of flags, a 16-bit big-endian size, as many bytes of a request. A
 * record that is cut short is one; those of the right size get the right version, so that mutations reach
 * what a request says. Each packet is answered by exactly one whole reply of the same sequence.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bivy/net_control.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/loop.h"
#include "net/control.h"

#define LISTENING                                                                                            \
    4u /* flags of a record beside 0 to 3, how many descriptors come with it: listening sockets, not ends of \
          a pair */
#define CONFIGURED  8u /* after a request of ours that configures the network */
#define RECORDS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct loop *loop;
    struct net *net;
    struct control *control;
    int parent;
};

static void open_world(struct world *world)
{
    struct error err;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
        abort();
    world->loop = loop_create(&err);
    world->net = net_create(world->loop, &err);
    world->parent = pair[1];
    world->control = control_open(world->net, pair[0], &err);
    if (world->control == NULL)
        abort();
}

static void close_world(struct world *world)
{
    control_close(world->control);
    net_destroy(world->net);
    loop_destroy(world->loop);
    close(world->parent);
}

static int make_descriptor(unsigned flags)
{
    const struct sockaddr anonymous = {.sa_family = AF_UNIX};
    int pair[2];
    if (flags & LISTENING) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (fd < 0 || bind(fd, &anonymous, sizeof(sa_family_t)) < 0 || listen(fd, 1) < 0)
            abort();
        return fd;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
        abort();
    close(pair[1]);
    return pair[0];
}

static void check_reply(const struct world *world, uint64_t sequence)
{
    struct net_reply reply;
    ssize_t n = recv(world->parent, &reply, sizeof reply, MSG_DONTWAIT);
    if (n != (ssize_t)sizeof reply || reply.version != NET_CONTROL_VERSION || reply.sequence != sequence)
        abort();
    if (reply.error > 0 || (reply.error < 0) != (reply.text[0] != '\0') ||
        memchr(reply.text, '\0', sizeof reply.text) == NULL)
        abort();
    if (recv(world->parent, &reply, sizeof reply, MSG_DONTWAIT) >= 0)
        abort();
}

static void ask(struct world *world, unsigned flags, const void *request, size_t size)
{
    int fds[3] = {-1, -1, -1};
    size_t count = flags & 3;
    uint64_t sequence = 0;
    size_t at = offsetof(struct net_request, sequence);
    if (size > at)
        memcpy(&sequence, (const uint8_t *)request + at,
               size - at < sizeof sequence ? size - at : sizeof sequence);
    for (size_t i = 0; i < count; i++)
        fds[i] = make_descriptor(flags);
    if (fd_send(world->parent, request, size, fds, count, MSG_DONTWAIT) != (ssize_t)size)
        abort();
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    loop_turn(world->loop, 0);
    check_reply(world, sequence);
}

static void configure(struct world *world)
{
    struct net_request request = {.version = NET_CONTROL_VERSION, .op = NET_OP_CONFIGURE};
    request.u.network.grants = NET_GRANT_NO_EGRESS;
    ask(world, 0, &request, sizeof request);
}

/* One record; the bytes that it took. */
static size_t play(struct world *world, const uint8_t *data, size_t size)
{
    struct net_request request = {0};
    unsigned flags = data[0];
    size_t length = (size_t)(data[1] << 8 | data[2]) % (2 * sizeof request);
    size_t have = length < size - 3 ? length : size - 3;
    if (flags & CONFIGURED)
        configure(world);
    if (length != sizeof request) {
        if (have > 0) /* an empty packet is the end */
            ask(world, flags, data + 3, have);
        return 3 + have;
    }
    memcpy(&request, data + 3, have);
    request.version = NET_CONTROL_VERSION;
    if (request.op != NET_OP_LIMIT)
        request.op %= 8;
    if (request.op == NET_OP_CONFIGURE)
        request.u.network.grants |= NET_GRANT_NO_EGRESS;
    ask(world, flags, &request, sizeof request);
    return 3 + have;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world world = {0};
    open_world(&world);
    for (size_t at = 0, records = 0; records < RECORDS_MAX && size - at >= 3; records++)
        at += play(&world, data + at, size - at);
    close_world(&world);
    return 0;
}
