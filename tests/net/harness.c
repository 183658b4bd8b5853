/* harness.c: see harness.h. */
#define _GNU_SOURCE
#include "harness.h"

#include <sys/socket.h>
#include <unistd.h>

#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "host/error.h"
#include "host/loop.h"
#include "net/switch.h"

void harness_open(struct harness *harness, uint32_t grants)
{
    struct error err = {0};
    const struct net_network config = {.grants = grants};
    harness->loop = loop_create(&err);
    assert_non_null(harness->loop);
    harness->net = net_create(harness->loop, &err);
    assert_non_null(harness->net);
    assert_int_equal(net_configure(harness->net, &config, &err), 0);
}

void harness_close(struct harness *harness)
{
    net_destroy(harness->net);
    loop_destroy(harness->loop);
}

void harness_add(struct harness *harness, struct guest *guest, uint8_t number, const char *name)
{
    struct error err = {0};
    struct net_port wanted = {.id = number, .mac = {2, 0, 0, 0, 0, number}};
    int pair[2];
    strcpy(wanted.name, name);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    guest->port = port_add(harness->net, &wanted, pair[0], &err);
    assert_non_null(guest->port);
    guest->socket = pair[1];
}

void harness_remove(struct guest *guest)
{
    port_remove(guest->port);
    close(guest->socket);
}

int harness_open_one(void **state)
{
    struct harness_one *one = calloc(1, sizeof *one);
    assert_non_null(one);
    harness_open(&one->harness, 0);
    harness_add(&one->harness, &one->guest, 1, "first");
    *state = one;
    return 0;
}

int harness_close_one(void **state)
{
    struct harness_one *one = *state;
    harness_remove(&one->guest);
    harness_close(&one->harness);
    free(one);
    return 0;
}

void harness_send(struct guest *guest, const uint8_t *frame, size_t size)
{
    /* In memory of exactly its size, so that a sanitizer sees a step beyond it. */
    uint8_t *exact = malloc(size > 0 ? size : 1);
    assert_non_null(exact);
    memcpy(exact, frame, size);
    switch_input(guest->port, exact, size);
    port_flush(guest->port->net);
    free(exact);
}

bool harness_receive(struct guest *guest)
{
    ssize_t n = recv(guest->socket, guest->frame, sizeof guest->frame, MSG_DONTWAIT);
    guest->size = n > 0 ? (size_t)n : 0;
    return n > 0;
}

size_t harness_drain(struct guest *guest)
{
    size_t count = 0;
    while (harness_receive(guest))
        count++;
    return count;
}

size_t harness_udp(const struct guest *guest, const uint8_t *to_mac, const uint8_t *to, uint16_t port,
                   const void *body, size_t size, uint8_t frame[static HARNESS_FRAME_MAX])
{
    struct frame_writer writer = frame_write(frame, HARNESS_FRAME_MAX);
    const struct packet_udp udp = {.to_mac = to_mac,
                                   .from_mac = guest->port->mac,
                                   .from = guest->port->ipv4,
                                   .to = to,
                                   .from_port = 1000,
                                   .to_port = port,
                                   .body = body,
                                   .body_size = size};
    packet_write_udp(&writer, &udp);
    assert_false(writer.full);
    return frame_written(&writer);
}

size_t harness_icmp6(const struct guest *guest, const uint8_t *to_mac, const uint8_t *from, const uint8_t *to,
                     uint8_t type, const void *body, size_t size, uint8_t frame[static HARNESS_FRAME_MAX])
{
    struct frame_writer writer = frame_write(frame, HARNESS_FRAME_MAX);
    frame_put(&writer, to_mac, 6);
    frame_put(&writer, guest->port->mac, 6);
    frame_put16(&writer, PACKET_IPV6);
    frame_put32(&writer, 0x60000000);
    frame_put16(&writer, (uint16_t)(4 + size));
    frame_put16(&writer, IPPROTO_ICMPV6 << 8 | 255);
    frame_put(&writer, from, 16);
    frame_put(&writer, to, 16);
    uint8_t *message = writer.at;
    frame_put32(&writer, (uint32_t)type << 24);
    frame_put(&writer, body, size);
    assert_false(writer.full);
    uint16_t checksum = packet_checksum(message, 4 + size, from, to, 16, IPPROTO_ICMPV6);
    message[2] = (uint8_t)(checksum >> 8);
    message[3] = (uint8_t)checksum;
    return frame_written(&writer);
}
