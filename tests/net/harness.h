/* harness.h: a switch without a process: frames go in by a call and are looked at at the guest's end. */
#ifndef TESTS_NET_HARNESS_H
#define TESTS_NET_HARNESS_H

#include "net/port.h"

#define HARNESS_FRAME_MAX 2048

struct harness {
    struct loop *loop;
    struct net *net;
};

struct guest {
    struct port *port;
    int socket;
    uint8_t frame[HARNESS_FRAME_MAX]; /* the last one received */
    size_t size;
};

/* A network with the defaults and GRANTS; ends the test on a failure. */
void harness_open(struct harness *harness, uint32_t grants);
void harness_close(struct harness *harness);

/* Adds port NUMBER, called NAME, with the MAC 02:00:00:00:00:NUMBER. */
void harness_add(struct harness *harness, struct guest *guest, uint8_t number, const char *name);
void harness_remove(struct guest *guest);

/* A network with one guest, as cmocka's set-up and tear-down: *STATE is a struct harness_one. */
struct harness_one {
    struct harness harness;
    struct guest guest;
};

int harness_open_one(void **state);
int harness_close_one(void **state);

/* Gives a frame of GUEST's to the switch. */
void harness_send(struct guest *guest, const uint8_t *frame, size_t size);

/* Receives one frame at GUEST's end; false if there is none. */
bool harness_receive(struct guest *guest);

/* Receives all frames; how many there were. */
size_t harness_drain(struct guest *guest);

/* A datagram from GUEST to TO (IPv4) at TO_MAC. The bytes are the caller's space; returns the size. */
size_t harness_udp(const struct guest *guest, const uint8_t *to_mac, const uint8_t *to, uint16_t port,
                   const void *body, size_t size, uint8_t frame[static HARNESS_FRAME_MAX]);

/* An ICMPv6 message; BODY is what follows type and code and checksum. FROM, TO: IPv6. */
size_t harness_icmp6(const struct guest *guest, const uint8_t *to_mac, const uint8_t *from, const uint8_t *to,
                     uint8_t type, const void *body, size_t size, uint8_t frame[static HARNESS_FRAME_MAX]);

#endif
