/* dhcp.c: see dhcp.h. */
#include "dhcp.h"

#include <arpa/inet.h>

#include "net/switch.h"

enum dhcp_type {
    DHCP_DISCOVER = 1,
    DHCP_OFFER,
    DHCP_REQUEST,
    DHCP_DECLINE,
    DHCP_ACK,
    DHCP_NAK,
    DHCP_RELEASE,
    DHCP_INFORM
};

enum dhcp_option {
    DHCP_PAD = 0,
    DHCP_MASK = 1,
    DHCP_ROUTER = 3,
    DHCP_RESOLVER = 6,
    DHCP_HOST_NAME = 12,
    DHCP_DOMAIN = 15,
    DHCP_MTU = 26,
    DHCP_BROADCAST = 28,
    DHCP_WANTED = 50,
    DHCP_LEASE = 51,
    DHCP_TYPE = 53,
    DHCP_SERVER = 54,
    DHCP_SIZE = 57,
    DHCP_RENEW = 58,
    DHCP_REBIND = 59,
    DHCP_END = 255
};

#define DHCP_COOKIE     0x63825363u
#define DHCP_BROADCASTS 0x8000u
#define DHCP_LEAST_SIZE 576u /* bytes of an IP datagram that every client takes */
#define DHCP_MOST_SIZE  1280u
#define DHCP_HEADERS    28u /* IP and UDP */
#define DHCP_LEASE_S    86400u

struct dhcp {
    uint32_t id;
    uint16_t flags;
    uint8_t client[4];       /* the address that the client uses already */
    const uint8_t *hardware; /* 16 bytes, of which 6 count */
    uint8_t type;            /* enum dhcp_type; 0: none given */
    const uint8_t *wanted;   /* NULL: none given */
    const uint8_t *server;   /* NULL: none given */
    uint16_t size;           /* the longest datagram that the client takes */
};

static void read_option(struct dhcp *dhcp, uint8_t kind, struct frame_reader body)
{
    if (kind == DHCP_TYPE)
        dhcp->type = frame_take8(&body);
    else if (kind == DHCP_WANTED)
        dhcp->wanted = frame_take(&body, 4);
    else if (kind == DHCP_SERVER)
        dhcp->server = frame_take(&body, 4);
    else if (kind == DHCP_SIZE)
        dhcp->size = frame_take16(&body);
}

static void read_options(struct dhcp *dhcp, struct frame_reader *reader)
{
    while (frame_left(reader) > 0) {
        uint8_t kind = frame_take8(reader);
        if (kind == DHCP_END)
            return;
        if (kind == DHCP_PAD)
            continue;
        struct frame_reader body = frame_part(reader, frame_take8(reader));
        if (!body.bad)
            read_option(dhcp, kind, body);
    }
}

static bool read_message(struct dhcp *dhcp, struct frame_reader reader)
{
    *dhcp = (struct dhcp){0};
    frame_take(&reader, 8); /* UDP */
    uint32_t kind = frame_take32(&reader);
    dhcp->id = frame_take32(&reader);
    frame_take16(&reader);
    dhcp->flags = frame_take16(&reader);
    frame_copy(&reader, dhcp->client, 4);
    frame_take(&reader, 12);
    dhcp->hardware = frame_take(&reader, 16);
    frame_take(&reader, 64 + 128);
    uint32_t cookie = frame_take32(&reader);
    /* A request, over Ethernet, with six bytes of address; hops are a relay's. */
    if (reader.bad || (kind & 0xffffff00u) != 0x01010600u || cookie != DHCP_COOKIE)
        return false;
    read_options(dhcp, &reader);
    return !reader.bad;
}

static void put_option(struct frame_writer *writer, uint8_t kind, const void *data, size_t size)
{
    /* Options that do not fit are left out whole; room for the end mark is kept. */
    if (size > 255 || size + 3 > (size_t)(writer->end - writer->at))
        return;
    frame_put8(writer, kind);
    frame_put8(writer, (uint8_t)size);
    frame_put(writer, data, size);
}

static void put_option32(struct frame_writer *writer, uint8_t kind, uint32_t value)
{
    uint32_t network = htonl(value);
    put_option(writer, kind, &network, sizeof network);
}

static void put_lease_options(struct frame_writer *writer)
{
    put_option32(writer, DHCP_LEASE, DHCP_LEASE_S);
    put_option32(writer, DHCP_RENEW, DHCP_LEASE_S / 2);
    put_option32(writer, DHCP_REBIND, DHCP_LEASE_S / 8 * 7);
}

static void put_network_options(struct frame_writer *writer, const struct port *port)
{
    const struct net *net = port->net;
    uint16_t mtu = htons(net->config.mtu);
    put_option32(writer, DHCP_MASK, ~(UINT32_MAX >> net->config.prefix));
    put_option(writer, DHCP_ROUTER, net->gateway, 4);
    put_option(writer, DHCP_RESOLVER, net->resolver, 4);
    put_option(writer, DHCP_BROADCAST, net->broadcast, 4);
    put_option(writer, DHCP_MTU, &mtu, sizeof mtu);
    put_option(writer, DHCP_HOST_NAME, port->name, strlen(port->name));
    put_option(writer, DHCP_DOMAIN, net->config.domain, strlen(net->config.domain));
}

static void put_header(struct frame_writer *writer, const struct port *port, const struct dhcp *dhcp,
                       uint8_t type)
{
    static const uint8_t none[4];
    bool named = type != DHCP_NAK && dhcp->type != DHCP_INFORM;
    frame_put32(writer, 0x02010600);
    frame_put32(writer, dhcp->id);
    frame_put16(writer, 0);
    frame_put16(writer, dhcp->flags);
    frame_put(writer, type == DHCP_ACK ? dhcp->client : none, 4);
    frame_put(writer, named ? port->ipv4 : none, 4);
    frame_put(writer, none, 4);
    frame_put(writer, none, 4);
    frame_put(writer, dhcp->hardware, 16);
    frame_fill(writer, 0, 64 + 128);
    frame_put32(writer, DHCP_COOKIE);
}

static size_t body_limit(const struct dhcp *dhcp)
{
    size_t size = dhcp->size < DHCP_LEAST_SIZE ? DHCP_LEAST_SIZE : dhcp->size;
    return (size < DHCP_MOST_SIZE ? size : DHCP_MOST_SIZE) - DHCP_HEADERS;
}

/* To the address the client answers to; to everybody's where it has none and cannot take its own yet. */
static void send_body(struct port *port, const struct dhcp *dhcp, bool refusal,
                      const struct frame_writer *body)
{
    static const uint8_t everybody[PACKET_MAC_SIZE] = {255, 255, 255, 255, 255, 255};
    bool silent = packet_ipv4_key(dhcp->client) == 0 && (refusal || (dhcp->flags & DHCP_BROADCASTS));
    const struct packet_udp udp = {
        .to_mac = silent ? everybody : port->mac,
        .from_mac = port->net->mac,
        .from = port->net->gateway,
        .to = silent ? everybody : port->ipv4,
        .from_port = DHCP_SERVER_PORT,
        .to_port = DHCP_CLIENT_PORT,
        .body = body->start,
        .body_size = frame_written(body),
    };
    uint8_t frame[PACKET_ETHERNET_SIZE + DHCP_MOST_SIZE];
    struct frame_writer writer = frame_write(frame, sizeof frame);
    packet_write_udp(&writer, &udp);
    if (!writer.full)
        port_send(port, frame, frame_written(&writer));
}

static void answer(struct port *port, const struct dhcp *dhcp, uint8_t type)
{
    uint8_t space[DHCP_MOST_SIZE];
    struct frame_writer body = frame_write(space, body_limit(dhcp));
    put_header(&body, port, dhcp, type);
    put_option(&body, DHCP_TYPE, &type, 1);
    put_option(&body, DHCP_SERVER, port->net->gateway, 4);
    if (type != DHCP_NAK && dhcp->type != DHCP_INFORM)
        put_lease_options(&body);
    if (type != DHCP_NAK)
        put_network_options(&body, port);
    frame_put8(&body, DHCP_END);
    if (!body.full)
        send_body(port, dhcp, type == DHCP_NAK, &body);
}

static void input_request(struct port *port, const struct dhcp *dhcp)
{
    if (dhcp->server != NULL && memcmp(dhcp->server, port->net->gateway, 4) != 0)
        return; /* another server's offer was taken; there is none, but the guest thinks so */
    const uint8_t *wanted = dhcp->wanted != NULL ? dhcp->wanted : dhcp->client;
    answer(port, dhcp, memcmp(wanted, port->ipv4, 4) == 0 ? DHCP_ACK : DHCP_NAK);
}

void dhcp_input(struct port *port, const struct packet *packet)
{
    struct dhcp dhcp;
    if (packet->fragmented || !read_message(&dhcp, packet->body) ||
        memcmp(dhcp.hardware, port->mac, PACKET_MAC_SIZE) != 0) {
        switch_drop(port);
        return;
    }
    if (dhcp.type == DHCP_DISCOVER)
        answer(port, &dhcp, DHCP_OFFER);
    else if (dhcp.type == DHCP_REQUEST)
        input_request(port, &dhcp);
    else if (dhcp.type == DHCP_INFORM)
        answer(port, &dhcp, DHCP_ACK);
    /* RELEASE and DECLINE change nothing: the address stays the port's. */
}
