/*
 * packet.h: what a frame says in its Ethernet, ARP-free IPv4 or IPv6 and port headers, read once.
 *
 * The switch decides on these fields alone, so that each header is parsed in one place. A frame whose
 * headers contradict its size is no packet.
 */
#ifndef NET_PACKET_H
#define NET_PACKET_H

#include <netinet/in.h>
#include <stdbool.h>

#include "net/frame.h"

#define PACKET_MAC_SIZE      6u
#define PACKET_ETHERNET_SIZE 14u

enum packet_type { PACKET_IPV4 = 0x0800, PACKET_ARP = 0x0806, PACKET_IPV6 = 0x86dd };

/* Protocol numbers are IPPROTO_*; a later fragment has PACKET_FRAGMENT, as its ports are elsewhere. */
#define PACKET_FRAGMENT 255

struct packet {
    const uint8_t *frame;  /* the whole frame */
    size_t size;           /* its bytes */
    const uint8_t *to_mac; /* inside FRAME, as are all pointers here */
    const uint8_t *from_mac;
    uint16_t type;                /* enum packet_type, or anything else */
    const uint8_t *from, *to;     /* addresses: 4 bytes (IPv4) or 16 (IPv6); NULL for another type */
    uint8_t protocol;             /* IPv4 and IPv6: what BODY holds */
    uint8_t hop_limit;            /* IPv4 and IPv6 */
    bool fragmented;              /* first or later fragment */
    uint16_t from_port, to_port;  /* TCP and UDP; otherwise 0 */
    struct frame_reader body;     /* ARP: the ARP message; IP: what follows its headers */
    struct frame_reader datagram; /* IP: from its first header's first byte, without Ethernet padding */
};

/* Reads the headers; false if the frame is too short for what it claims to be. Keeps pointers into FRAME. */
bool packet_read(struct packet *packet, const uint8_t *frame, size_t size);

static inline bool packet_is_group(const uint8_t *mac)
{
    return mac[0] & 1;
}

static inline uint64_t packet_mac_key(const uint8_t *mac)
{
    uint64_t key = 0;
    memcpy(&key, mac, PACKET_MAC_SIZE);
    return key;
}

static inline uint32_t packet_ipv4_key(const uint8_t *address)
{
    uint32_t key;
    memcpy(&key, address, sizeof key);
    return key;
}

/* The IPv6 address below the 8-byte PREFIX that MAC makes for itself (RFC 4291, appendix A). */
void packet_eui64(uint8_t address[static 16], const uint8_t prefix[static 8], const uint8_t *mac);

/*
 * The Internet checksum of SIZE bytes with the pseudo header of FROM and TO (each ADDRESS_SIZE bytes) and
 * PROTOCOL before it; ADDRESS_SIZE 0: no pseudo header. In host order.
 */
uint16_t packet_checksum(const uint8_t *data, size_t size, const uint8_t *from, const uint8_t *to,
                         size_t address_size, uint8_t protocol);

/* Ethernet and IPv4 and UDP headers, for a datagram whose BODY is copied behind them. */
struct packet_udp {
    const uint8_t *to_mac, *from_mac;
    const uint8_t *from, *to; /* IPv4 */
    uint16_t from_port, to_port;
    const uint8_t *body;
    size_t body_size;
};

/* Writes the frame; the writer is full afterwards if it did not fit. */
void packet_write_udp(struct frame_writer *writer, const struct packet_udp *udp);

#endif
