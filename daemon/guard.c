/* guard.c: see guard.h. Offsets are those of RFC 826, 791, 8200, 4443 and 4861. */
#define _GNU_SOURCE
#include "guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "host/error.h"
#include "nft.h"

#define TENANT_MASK         0xffff0000u
#define TENANT_SHIFT        16
#define PACKETS_BURST_LEAST 16u    /* of a limit: what a connection needs at once */
#define BYTES_BURST_LEAST   16384u /* a few frames */

#define LINK      NFT_PAYLOAD_LL_HEADER
#define NETWORK   NFT_PAYLOAD_NETWORK_HEADER
#define TRANSPORT NFT_PAYLOAD_TRANSPORT_HEADER

static const uint8_t type_ipv4[2] = {0x08, 0x00}, type_arp[2] = {0x08, 0x06}, type_ipv6[2] = {0x86, 0xdd};
static const uint8_t zero[16];

struct builder {
    const struct guard *guard;
    uint8_t ipv4[4];
    uint8_t interface_id[8]; /* of the IPv6 addresses */
    struct nft nft;
};

/* One rule of the table of discovery messages: a message of TYPE and LENGTH whose option at OFFSET, if it has
 * one, tells the guest's own hardware address. */
struct discovery {
    uint8_t type, length;
    bool no_source; /* from the unspecified address */
    uint8_t option; /* 0: none; 14: a nonce, whatever it says */
    uint8_t offset;
    bool target; /* it is about the guest's own address */
};

static const struct discovery discoveries[] = {
    {.type = 133, .length = 8},
    {.type = 133, .length = 8, .no_source = true},
    {.type = 133, .length = 16, .option = 1, .offset = 48},
    {.type = 135, .length = 24},
    {.type = 135, .length = 24, .no_source = true, .target = true},
    {.type = 135, .length = 32, .no_source = true, .target = true, .option = 14, .offset = 64},
    {.type = 135, .length = 32, .option = 1, .offset = 64},
    {.type = 136, .length = 24, .target = true},
    {.type = 136, .length = 32, .target = true, .option = 2, .offset = 64},
};

static void drop(struct builder *builder)
{
    nft_verdict(&builder->nft, NF_DROP);
    nft_rule_end(&builder->nft);
}

static void allow(struct builder *builder)
{
    nft_verdict(&builder->nft, NF_ACCEPT);
    nft_rule_end(&builder->nft);
}

static void limits(struct builder *builder)
{
    const struct guard_limits *limits = &builder->guard->limits;
    uint64_t packets = limits->packets > PACKETS_BURST_LEAST ? limits->packets : PACKETS_BURST_LEAST;
    uint64_t bytes = limits->bytes > BYTES_BURST_LEAST ? limits->bytes : BYTES_BURST_LEAST;
    if (limits->packets != 0) {
        nft_rule(&builder->nft);
        nft_above(&builder->nft, NFT_LIMIT_PKTS, limits->packets, packets);
        drop(builder);
    }
    if (limits->bytes != 0) {
        nft_rule(&builder->nft);
        nft_above(&builder->nft, NFT_LIMIT_PKT_BYTES, limits->bytes, bytes);
        drop(builder);
    }
}

/* Begins a rule about frames of TYPE. */
static void rule_of_type(struct builder *builder, const uint8_t type[static 2])
{
    nft_rule(&builder->nft);
    nft_bytes(&builder->nft, LINK, 12, type, 2);
}

static void source(struct builder *builder)
{
    nft_rule(&builder->nft);
    nft_not_bytes(&builder->nft, LINK, 6, builder->guard->mac, 6);
    drop(builder);
    limits(builder);
    nft_rule(&builder->nft);
    nft_set_mark(&builder->nft, TENANT_MASK, (uint32_t)builder->guard->tenant << TENANT_SHIFT);
    nft_rule_end(&builder->nft);
}

static void arp(struct builder *builder)
{
    static const uint8_t layout[6] = {0, 1, 8,
                                      0, 6, 4}; /* Ethernet, IPv4, and the sizes of their addresses */
    const uint8_t *const senders[] = {builder->ipv4, zero};
    bool known = builder->guard->ipv4 != 0;
    for (int i = 0; i < (known ? 2 : 1); i++) {
        rule_of_type(builder, type_arp);
        nft_bytes(&builder->nft, NETWORK, 0, layout, sizeof layout);
        nft_bytes(&builder->nft, NETWORK, 8, builder->guard->mac, 6);
        if (known)
            nft_bytes(&builder->nft, NETWORK, 14, senders[i], 4);
        allow(builder);
    }
}

static void ports_drop(struct builder *builder, const uint8_t type[static 2], uint16_t source_port)
{
    uint16_t port = htons(source_port);
    rule_of_type(builder, type);
    nft_protocol(&builder->nft, IPPROTO_UDP);
    nft_bytes(&builder->nft, TRANSPORT, 0, &port, sizeof port);
    drop(builder);
}

static void ipv4(struct builder *builder)
{
    uint16_t server = htons(67);
    ports_drop(builder, type_ipv4, 67);
    /* Where a forward lets the host's loopback addresses onto the bridge (forward.h), not from here. */
    rule_of_type(builder, type_ipv4);
    nft_bytes(&builder->nft, NETWORK, 16, &(uint8_t){127}, 1);
    drop(builder);
    rule_of_type(builder, type_ipv4);
    if (builder->guard->ipv4 != 0)
        nft_bytes(&builder->nft, NETWORK, 12, builder->ipv4, 4);
    allow(builder);
    if (builder->guard->ipv4 == 0)
        return;
    rule_of_type(builder, type_ipv4);
    nft_bytes(&builder->nft, NETWORK, 12, zero, 4);
    nft_protocol(&builder->nft, IPPROTO_UDP);
    nft_bytes(&builder->nft, TRANSPORT, 2, &server, sizeof server);
    allow(builder);
}

/* Begins a rule about IPv6 whose first next header is NEXT, from an address of the guest's. */
static void rule_of_ipv6(struct builder *builder, uint8_t next, bool no_source)
{
    rule_of_type(builder, type_ipv6);
    nft_bytes(&builder->nft, NETWORK, 6, &next, 1);
    if (no_source)
        nft_bytes(&builder->nft, NETWORK, 8, zero, 16);
    else if (builder->guard->known_ipv6)
        nft_bytes(&builder->nft, NETWORK, 16, builder->interface_id, 8);
}

static void discovery(struct builder *builder, const struct discovery *rule)
{
    struct nft *nft = &builder->nft;
    uint8_t option[8] = {rule->option, 1};
    uint16_t length = htons(rule->length);
    memcpy(option + 2, builder->guard->mac, 6);
    rule_of_ipv6(builder, IPPROTO_ICMPV6, rule->no_source);
    nft_bytes(nft, NETWORK, 40, &rule->type, 1);
    nft_bytes(nft, NETWORK, 4, &length, sizeof length);
    if (rule->target && builder->guard->known_ipv6)
        nft_bytes(nft, NETWORK, 56, builder->interface_id, 8);
    if (rule->option != 0)
        nft_bytes(nft, NETWORK, rule->offset, option, rule->option == 14 ? 2 : 8);
    allow(builder);
}

/* What is left of the discovery's own types, and a router's. */
static void discovery_drop(struct builder *builder)
{
    for (uint8_t type = 133; type <= 137; type++) {
        rule_of_type(builder, type_ipv6);
        nft_bytes(&builder->nft, NETWORK, 6, &(uint8_t){IPPROTO_ICMPV6}, 1);
        nft_bytes(&builder->nft, NETWORK, 40, &type, 1);
        drop(builder);
    }
}

/* Reports of multicast listeners alone have a header of options in front. */
static void listeners(struct builder *builder)
{
    static const uint8_t reports[] = {131, 132, 143};
    static const uint8_t options[2] = {IPPROTO_ICMPV6, 0};
    for (size_t i = 0; i < 2 * sizeof reports; i++) {
        rule_of_ipv6(builder, IPPROTO_HOPOPTS, i % 2 != 0);
        nft_bytes(&builder->nft, NETWORK, 40, options, sizeof options);
        nft_bytes(&builder->nft, NETWORK, 48, &reports[i / 2], 1);
        allow(builder);
    }
}

static void ipv6(struct builder *builder)
{
    static const uint8_t plain[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMPV6};
    for (size_t i = 0; i < sizeof discoveries / sizeof *discoveries; i++)
        discovery(builder, &discoveries[i]);
    discovery_drop(builder);
    ports_drop(builder, type_ipv6, 547);
    listeners(builder);
    for (size_t i = 0; i < sizeof plain; i++) {
        rule_of_ipv6(builder, plain[i], false);
        allow(builder);
    }
    /* Fragments of what a discovery cannot be. */
    for (size_t i = 0; i < 2; i++) {
        rule_of_ipv6(builder, IPPROTO_FRAGMENT, false);
        nft_bytes(&builder->nft, NETWORK, 40, &plain[i], 1);
        allow(builder);
    }
}

static void to_guest(struct builder *builder)
{
    nft_rule(&builder->nft);
    nft_not_meta(&builder->nft, NFT_META_MARK, TENANT_MASK, 0);
    nft_not_meta(&builder->nft, NFT_META_MARK, TENANT_MASK, (uint32_t)builder->guard->tenant << TENANT_SHIFT);
    drop(builder);
    limits(builder);
}

static void interface_id(uint8_t id[static 8], const uint8_t mac[static 6])
{
    const uint8_t made[8] = {mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};
    memcpy(id, made, sizeof made);
}

static int install(const struct guard *guard, bool replace, struct error *err)
{
    struct builder builder = {.guard = guard};
    uint32_t order = htonl(guard->ipv4);
    memcpy(builder.ipv4, &order, sizeof order);
    interface_id(builder.interface_id, guard->mac);
    nft_make(&builder.nft, NFPROTO_NETDEV, guard->tap, replace);
    nft_chain(&builder.nft, &(struct nft_chain){.name = "from-guest",
                                                .type = "filter",
                                                .device = guard->tap,
                                                .hook = NF_NETDEV_INGRESS,
                                                .policy = NF_DROP});
    source(&builder);
    arp(&builder);
    ipv4(&builder);
    ipv6(&builder);
    nft_chain(&builder.nft, &(struct nft_chain){.name = "to-guest",
                                                .type = "filter",
                                                .device = guard->tap,
                                                .hook = NF_NETDEV_EGRESS,
                                                .policy = NF_ACCEPT});
    to_guest(&builder);
    return nft_commit(&builder.nft, "guard tap", err);
}

int guard_install(const struct guard *guard, struct error *err)
{
    int result = install(guard, false, err);
    return result == -EEXIST ? install(guard, true, err) : result;
}

void guard_remove(const char *tap)
{
    struct nft nft;
    nft_remove(&nft, NFPROTO_NETDEV, tap);
    nft_commit(&nft, "remove guard", NULL);
}
