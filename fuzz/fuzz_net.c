/*
 * fuzz_net.c: what two hostile guests send to the switch: frames as they are, or with their addresses,
 * lengths and checksums repaired so that they get behind the first checks, as far as lwIP's TCP.
 *
 * The input is a row of records: a byte of flags, a 16-bit big-endian length, as many bytes of a frame.
 * Nothing leaves the process: egress is refused and the client of the inbound connection is a socket pair.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/error.h"
#include "host/loop.h"
#include "net/connection.h"
#include "net/switch.h"

#define FROM_SECOND 1u /* flags of a record */
#define REPAIR      2u
#define FOLLOW      4u /* TCP: to the switch's last segment */
#define RECORDS_MAX 64
#define FRAME_MAX   2048u
#define GUEST_PORT  80

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct loop *loop;
    struct net *net;
    struct port *ports[2];
    int guests[2];
    int client;
    uint8_t from[4];   /* of the last TCP segment from the switch: its port, and the guest's */
    uint32_t sequence; /* what it expects to be acknowledged */
};

static struct port *add_port(struct world *world, uint8_t number, int *guest)
{
    struct net_port wanted = {.id = number, .name = {(char)('a' + number)}, .mac = {2, 0, 0, 0, 0, number}};
    struct error err;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
        abort();
    *guest = pair[1];
    struct port *port = port_add(world->net, &wanted, pair[0], &err);
    if (port == NULL)
        abort();
    return port;
}

static void add_client(struct world *world)
{
    const struct net_listen wanted = {.id = 1, .port_id = 1, .guest_port = GUEST_PORT, .protocol = NET_TCP};
    struct error err;
    int pair[2];
    int listening = socket(AF_UNIX, SOCK_STREAM, 0);
    const struct sockaddr anonymous = {.sa_family = AF_UNIX};
    if (bind(listening, &anonymous, sizeof(sa_family_t)) < 0 || listen(listening, 1) < 0 ||
        listener_add(world->net, &wanted, listening, &err) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
        abort();
    world->client = pair[1];
    if (send(world->client, "GET / HTTP/1.0\r\n\r\n", 18, MSG_DONTWAIT) < 0)
        abort();
    connection_open(world->ports[0]->listeners, pair[0]);
}

static void open_world(struct world *world)
{
    const struct net_network config = {.grants = NET_GRANT_NO_EGRESS};
    struct error err;
    world->loop = loop_create(&err);
    world->net = net_create(world->loop, &err);
    if (net_configure(world->net, &config, &err) < 0)
        abort();
    world->ports[0] = add_port(world, 1, &world->guests[0]);
    world->ports[1] = add_port(world, 2, &world->guests[1]);
    add_client(world);
}

static void close_world(struct world *world)
{
    net_destroy(world->net);
    loop_destroy(world->loop);
    close(world->guests[0]);
    close(world->guests[1]);
    close(world->client);
}

static void note_segment(struct world *world, const uint8_t *frame, size_t size)
{
    struct packet packet;
    if (!packet_read(&packet, frame, size) || packet.protocol != IPPROTO_TCP)
        return;
    struct frame_reader body = packet.body;
    frame_copy(&body, world->from, 4);
    uint32_t sequence = frame_take32(&body);
    frame_take(&body, 5);
    uint8_t flags = frame_take8(&body);
    if (!body.bad)
        world->sequence = sequence + (flags & 3);
}

static void drain(struct world *world)
{
    static uint8_t frame[65550];
    for (int i = 0; i < 2; i++) {
        ssize_t n;
        while ((n = recv(world->guests[i], frame, sizeof frame, MSG_DONTWAIT)) > 0)
            note_segment(world, frame, (size_t)n);
    }
    while (recv(world->client, frame, sizeof frame, MSG_DONTWAIT) > 0)
        continue;
}

static void put16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void follow(const struct world *world, uint8_t *segment, size_t size)
{
    if (size < 20)
        return;
    memcpy(segment, world->from + 2, 2);
    memcpy(segment + 2, world->from, 2);
    put16(segment + 8, world->sequence >> 16);
    put16(segment + 10, world->sequence & 0xffff);
}

/* Where the checksum of a message of PROTOCOL stands, or SIZE_MAX. */
static size_t checksum_offset(uint8_t protocol)
{
    return protocol == IPPROTO_TCP                                  ? 16
           : protocol == IPPROTO_UDP                                ? 6
           : protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6 ? 2
                                                                    : SIZE_MAX;
}

static void repair_body(const struct packet *packet, uint8_t *body)
{
    size_t size = frame_left(&packet->body), at = checksum_offset(packet->protocol);
    if (at == SIZE_MAX || size < at + 2)
        return;
    size_t address = packet->type == PACKET_IPV4 ? 4 : 16;
    put16(body + at, 0);
    put16(body + at, packet_checksum(body, size, packet->from, packet->to,
                                     packet->protocol == IPPROTO_ICMP ? 0 : address, packet->protocol));
}

static void repair(const struct world *world, const struct port *port, uint8_t flags, uint8_t *frame,
                   size_t size)
{
    struct packet packet;
    if (size < PACKET_ETHERNET_SIZE + 20)
        return;
    memcpy(frame + PACKET_MAC_SIZE, port->mac, PACKET_MAC_SIZE);
    uint8_t *header = frame + PACKET_ETHERNET_SIZE;
    bool ipv4 = frame[12] == 8 && frame[13] == 0;
    if (ipv4) {
        header[0] = 0x45;
        put16(header + 2, size - PACKET_ETHERNET_SIZE);
        put16(header + 10, 0);
        put16(header + 10, packet_checksum(header, 20, NULL, NULL, 0, 0));
    } else if (frame[12] == 0x86 && size >= PACKET_ETHERNET_SIZE + 40) {
        put16(header + 4, size - PACKET_ETHERNET_SIZE - 40);
    }
    if (!packet_read(&packet, frame, size) || packet.from == NULL)
        return;
    uint8_t *body = frame + (packet.body.at - frame);
    if ((flags & FOLLOW) && packet.protocol == IPPROTO_TCP)
        follow(world, body, frame_left(&packet.body));
    repair_body(&packet, body);
}

static void play(struct world *world, struct frame_reader *input)
{
    uint8_t flags = frame_take8(input);
    size_t size = frame_take16(input) % FRAME_MAX;
    size = size < frame_left(input) ? size : frame_left(input);
    const uint8_t *bytes = frame_take(input, size);
    struct port *port = world->ports[flags & FROM_SECOND];
    uint8_t *frame = malloc(size + (size == 0));
    if (frame == NULL || bytes == NULL)
        abort();
    memcpy(frame, bytes, size);
    if (flags & REPAIR)
        repair(world, port, flags, frame, size);
    switch_input(port, frame, size);
    port_flush(world->net);
    free(frame);
    drain(world);
    loop_turn(world->loop, 0);
    drain(world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world world = {0};
    struct frame_reader input = frame_read(data, size);
    open_world(&world);
    drain(&world);
    for (int i = 0; i < RECORDS_MAX && frame_left(&input) >= 3; i++)
        play(&world, &input);
    close_world(&world);
    return 0;
}
