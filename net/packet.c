/* packet.c: see packet.h. */
#include "packet.h"

#include <arpa/inet.h>
#include <netinet/ip6.h>

#define IPV4_HEADER_SIZE   20u
#define IPV6_HEADER_SIZE   40u
#define UDP_HEADER_SIZE    8u
#define EXTENSION_HEADERS  8       /* more than any sender has a use for */
#define IPV4_FRAGMENT_BITS 0x3fffu /* more fragments, offset */
#define IPV4_OFFSET_BITS   0x1fffu

static void read_ports(struct packet *packet)
{
    struct frame_reader body = packet->body;
    if (packet->protocol != IPPROTO_TCP && packet->protocol != IPPROTO_UDP)
        return;
    packet->from_port = frame_take16(&body);
    packet->to_port = frame_take16(&body);
    packet->body.bad |= body.bad;
}

static bool read_ipv4(struct packet *packet, struct frame_reader *reader)
{
    struct frame_reader fixed = *reader;
    uint8_t first = frame_take8(&fixed);
    size_t header = (first & 0xfu) * 4u;
    frame_take8(&fixed);
    uint16_t total = frame_take16(&fixed);
    frame_take16(&fixed);
    uint16_t fragment = frame_take16(&fixed);
    packet->hop_limit = frame_take8(&fixed);
    packet->protocol = frame_take8(&fixed);
    frame_take16(&fixed);
    packet->from = frame_take(&fixed, 4);
    packet->to = frame_take(&fixed, 4);
    if (fixed.bad || first >> 4 != 4 || header < IPV4_HEADER_SIZE || total < header)
        return false;
    packet->datagram = frame_part(reader, total);
    packet->body = packet->datagram;
    frame_take(&packet->body, header);
    packet->fragmented = (fragment & IPV4_FRAGMENT_BITS) != 0;
    if ((fragment & IPV4_OFFSET_BITS) != 0)
        packet->protocol = PACKET_FRAGMENT;
    read_ports(packet);
    return !packet->body.bad;
}

/* Steps over one extension header; false when PROTOCOL is none, or names what is behind the last. */
static bool step_extension(struct packet *packet)
{
    struct frame_reader *body = &packet->body;
    uint8_t kind = packet->protocol;
    if (kind != IPPROTO_HOPOPTS && kind != IPPROTO_ROUTING && kind != IPPROTO_DSTOPTS &&
        kind != IPPROTO_FRAGMENT)
        return false;
    packet->protocol = frame_take8(body);
    uint8_t length = frame_take8(body);
    if (kind != IPPROTO_FRAGMENT) {
        frame_take(body, 6u + length * 8u);
        return !body->bad;
    }
    packet->fragmented = true;
    bool later = (frame_take16(body) & 0xfff8u) != 0;
    frame_take32(body);
    if (later)
        packet->protocol = PACKET_FRAGMENT;
    return !later && !body->bad;
}

static bool read_ipv6(struct packet *packet, struct frame_reader *reader)
{
    struct frame_reader fixed = *reader;
    uint32_t first = frame_take32(&fixed);
    uint16_t length = frame_take16(&fixed);
    packet->protocol = frame_take8(&fixed);
    packet->hop_limit = frame_take8(&fixed);
    packet->from = frame_take(&fixed, 16);
    packet->to = frame_take(&fixed, 16);
    packet->datagram = frame_part(reader, IPV6_HEADER_SIZE + length);
    if (fixed.bad || packet->datagram.bad || first >> 28 != 6)
        return false;
    packet->body = packet->datagram;
    frame_take(&packet->body, IPV6_HEADER_SIZE);
    int headers = 0;
    while (headers < EXTENSION_HEADERS && step_extension(packet))
        headers++;
    read_ports(packet);
    return headers < EXTENSION_HEADERS && !packet->body.bad;
}

bool packet_read(struct packet *packet, const uint8_t *frame, size_t size)
{
    struct frame_reader reader = frame_read(frame, size);
    *packet = (struct packet){.frame = frame, .size = size};
    packet->to_mac = frame_take(&reader, PACKET_MAC_SIZE);
    packet->from_mac = frame_take(&reader, PACKET_MAC_SIZE);
    packet->type = frame_take16(&reader);
    if (reader.bad)
        return false;
    if (packet->type == PACKET_IPV4)
        return read_ipv4(packet, &reader);
    if (packet->type == PACKET_IPV6)
        return read_ipv6(packet, &reader);
    packet->body = reader;
    return true;
}

void packet_eui64(uint8_t address[static 16], const uint8_t prefix[static 8], const uint8_t *mac)
{
    const uint8_t suffix[8] = {mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};
    memcpy(address, prefix, 8);
    memcpy(address + 8, suffix, 8);
}

static uint64_t sum_words(uint64_t sum, const uint8_t *data, size_t size)
{
    for (; size >= 2; data += 2, size -= 2)
        sum += (uint64_t)(data[0] << 8 | data[1]);
    return size > 0 ? sum + (uint64_t)(data[0] << 8) : sum;
}

uint16_t packet_checksum(const uint8_t *data, size_t size, const uint8_t *from, const uint8_t *to,
                         size_t address_size, uint8_t protocol)
{
    uint64_t sum = sum_words(0, data, size);
    if (address_size > 0) {
        sum = sum_words(sum, from, address_size);
        sum = sum_words(sum, to, address_size);
        sum += size + protocol;
    }
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* Stores a checksum, computed over bytes where it still was zero. */
static void store_checksum(uint8_t *at, uint16_t checksum)
{
    at[0] = (uint8_t)(checksum >> 8);
    at[1] = (uint8_t)checksum;
}

static void write_ipv4_header(struct frame_writer *writer, const struct packet_udp *udp)
{
    uint8_t *start = writer->at;
    frame_put16(writer, 0x4500);
    frame_put16(writer, (uint16_t)(IPV4_HEADER_SIZE + UDP_HEADER_SIZE + udp->body_size));
    frame_put32(writer, 0);
    frame_put8(writer, 64);
    frame_put8(writer, IPPROTO_UDP);
    frame_put16(writer, 0);
    frame_put(writer, udp->from, 4);
    frame_put(writer, udp->to, 4);
    if (!writer->full)
        store_checksum(start + 10, packet_checksum(start, IPV4_HEADER_SIZE, NULL, NULL, 0, 0));
}

void packet_write_udp(struct frame_writer *writer, const struct packet_udp *udp)
{
    frame_put(writer, udp->to_mac, PACKET_MAC_SIZE);
    frame_put(writer, udp->from_mac, PACKET_MAC_SIZE);
    frame_put16(writer, PACKET_IPV4);
    write_ipv4_header(writer, udp);
    uint8_t *start = writer->at;
    size_t size = UDP_HEADER_SIZE + udp->body_size;
    frame_put16(writer, udp->from_port);
    frame_put16(writer, udp->to_port);
    frame_put16(writer, (uint16_t)size);
    frame_put16(writer, 0);
    frame_put(writer, udp->body, udp->body_size);
    if (writer->full)
        return;
    uint16_t checksum = packet_checksum(start, size, udp->from, udp->to, 4, IPPROTO_UDP);
    store_checksum(start + 6, checksum != 0 ? checksum : 0xffff);
}
