/* arp.c: see arp.h. */
#include "arp.h"

#include "net/switch.h"

#define ARP_ETHERNET   1u
#define ARP_REQUEST    1u
#define ARP_REPLY      2u
#define ARP_FRAME_SIZE 42u

struct arp {
    uint16_t operation;
    const uint8_t *sender_mac, *sender, *target;
};

static bool read_message(struct arp *arp, struct frame_reader body)
{
    bool known = frame_take16(&body) == ARP_ETHERNET && frame_take16(&body) == PACKET_IPV4 &&
                 frame_take8(&body) == PACKET_MAC_SIZE && frame_take8(&body) == 4;
    arp->operation = frame_take16(&body);
    arp->sender_mac = frame_take(&body, PACKET_MAC_SIZE);
    arp->sender = frame_take(&body, 4);
    frame_take(&body, PACKET_MAC_SIZE);
    arp->target = frame_take(&body, 4);
    return known && !body.bad && (arp->operation == ARP_REQUEST || arp->operation == ARP_REPLY);
}

/* A message that claims another's address would poison its reader's table; 0.0.0.0 is a probe (RFC 5227). */
static bool is_honest(const struct port *port, const struct arp *arp)
{
    static const uint8_t none[4];
    bool probe = arp->operation == ARP_REQUEST && memcmp(arp->sender, none, 4) == 0;
    return memcmp(arp->sender_mac, port->mac, PACKET_MAC_SIZE) == 0 &&
           (probe || memcmp(arp->sender, port->ipv4, 4) == 0);
}

static void answer(struct port *port, const struct arp *arp)
{
    uint8_t frame[ARP_FRAME_SIZE];
    struct frame_writer writer = frame_write(frame, sizeof frame);
    frame_put(&writer, port->mac, PACKET_MAC_SIZE);
    frame_put(&writer, port->net->mac, PACKET_MAC_SIZE);
    frame_put16(&writer, PACKET_ARP);
    frame_put16(&writer, ARP_ETHERNET);
    frame_put16(&writer, PACKET_IPV4);
    frame_put8(&writer, PACKET_MAC_SIZE);
    frame_put8(&writer, 4);
    frame_put16(&writer, ARP_REPLY);
    frame_put(&writer, port->net->mac, PACKET_MAC_SIZE);
    frame_put(&writer, arp->target, 4);
    frame_put(&writer, port->mac, PACKET_MAC_SIZE);
    frame_put(&writer, arp->sender, 4);
    port_send(port, frame, frame_written(&writer));
}

void arp_input(struct port *port, const struct packet *packet)
{
    struct arp arp;
    if (!read_message(&arp, packet->body) || !is_honest(port, &arp)) {
        switch_drop(port);
        return;
    }
    port->seen4 = true;
    if (net_is_own(port->net, arp.target)) {
        if (arp.operation == ARP_REQUEST)
            answer(port, &arp);
        return;
    }
    /* Whoever announces itself asks for its own address: nobody needs to hear it. */
    struct port *to = port_find_ipv4(port->net, arp.target);
    if (to != NULL && to != port)
        port_forward(to, packet->frame, packet->size);
}
