/* forward.c: see forward.h. */
#define _GNU_SOURCE
#include "forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "nft.h"

#define LOOPBACK_BYTE 127u

static bool is_loopback(uint32_t address)
{
    return address >> 24 == LOOPBACK_BYTE;
}

static void forward_rule(struct nft *nft, const struct forward *forward, uint32_t guest)
{
    uint8_t to[4];
    uint32_t order = htonl(forward->address), guest_order = htonl(guest);
    uint16_t port = htons(forward->host);
    memcpy(to, &guest_order, sizeof to);
    nft_rule(nft);
    if (forward->address != 0)
        nft_bytes(nft, NFT_PAYLOAD_NETWORK_HEADER, 16, &order, sizeof order);
    else
        nft_local_destination(nft);
    nft_protocol(nft, forward->udp ? IPPROTO_UDP : IPPROTO_TCP);
    nft_bytes(nft, NFT_PAYLOAD_TRANSPORT_HEADER, 2, &port, sizeof port);
    nft_dnat(nft, to, forward->guest);
    nft_rule_end(nft);
}

static void forward_chain(struct nft *nft, const struct forwards *forwards, const char *name, uint32_t hook)
{
    nft_chain(nft, &(struct nft_chain){
                       .name = name, .type = "nat", .hook = hook, .priority = -100, .policy = NF_ACCEPT});
    for (size_t i = 0; i < forwards->count; i++)
        forward_rule(nft, &forwards->items[i], forwards->guest);
}

/* What comes from the loopback gets an address that the guest can answer to. */
static void loopback_chains(struct nft *nft, const struct forwards *forwards)
{
    const uint8_t loopback = LOOPBACK_BYTE;
    nft_chain(nft, &(struct nft_chain){.name = "back",
                                       .type = "nat",
                                       .hook = NF_INET_POST_ROUTING,
                                       .priority = 100,
                                       .policy = NF_ACCEPT});
    nft_rule(nft);
    nft_interface(nft, NFT_META_OIFNAME, forwards->bridge);
    nft_bytes(nft, NFT_PAYLOAD_NETWORK_HEADER, 12, &loopback, 1);
    nft_masquerade(nft);
    nft_rule_end(nft);
    /* Before connections are looked up: what is addressed to the loopback then, a neighbour made up. */
    nft_chain(nft, &(struct nft_chain){.name = "shield",
                                       .type = "filter",
                                       .hook = NF_INET_PRE_ROUTING,
                                       .priority = -450,
                                       .policy = NF_ACCEPT});
    nft_rule(nft);
    nft_interface(nft, NFT_META_IIFNAME, forwards->bridge);
    nft_bytes(nft, NFT_PAYLOAD_NETWORK_HEADER, 16, &loopback, 1);
    nft_verdict(nft, NF_DROP);
    nft_rule_end(nft);
}

/* Lets the kernel route what has a loopback address onto the bridge; the shield keeps the other way shut. */
static int route_loopback(const char *bridge, struct error *err)
{
    char path[128];
    snprintf(path, sizeof path, "/proc/sys/net/ipv4/conf/%.15s/route_localnet", bridge);
    cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
    int result = fd < 0 ? -errno : fd_write_all(fd, "1", 1);
    return result < 0 ? error_set(err, -result, "route loopback", bridge, NULL) : 0;
}

static int install(const struct forwards *forwards, bool loopback, bool replace, struct error *err)
{
    struct nft nft;
    nft_make(&nft, NFPROTO_IPV4, forwards->table, replace);
    forward_chain(&nft, forwards, "in", NF_INET_PRE_ROUTING);
    forward_chain(&nft, forwards, "out", NF_INET_LOCAL_OUT);
    if (loopback)
        loopback_chains(&nft, forwards);
    return nft_commit(&nft, "forward ports", err);
}

int forwards_install(const struct forwards *forwards, struct error *err)
{
    bool loopback = false;
    for (size_t i = 0; i < forwards->count; i++)
        loopback = loopback || is_loopback(forwards->items[i].address) || forwards->items[i].address == 0;
    int result = install(forwards, loopback, false, err);
    if (result == -EEXIST)
        result = install(forwards, loopback, true, err);
    return result == 0 && loopback ? route_loopback(forwards->bridge, err) : result;
}

void forwards_remove(const char *table)
{
    struct nft nft;
    nft_remove(&nft, NFPROTO_IPV4, table);
    nft_commit(&nft, "remove forwards", NULL);
}
