/*
 * nft.h: tables of the kernel's packet filter, built whole and put in place in one step.
 *
 * A table of ours belongs to one interface or one unikernel and is replaced as a whole, so that nothing has
 * to be found out about rules that are there, and no frame meets half of them. Written as netlink messages:
 * the libraries for it (libnftnl, libnftables) are GPL. Source: linux/netfilter/nf_tables.h.
 */
#ifndef DAEMON_NFT_H
#define DAEMON_NFT_H

/* Before the kernel's headers, which then leave out what is in it. */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink.h"

struct error;

struct nft {
    struct netlink_batch batch;
    uint8_t family; /* NFPROTO_* */
    const char *table, *chain;
};

/*
 * Begins a transaction that makes TABLE (borrowed), in place of the one there is if REPLACE; without it the
 * commit is -EEXIST then. Making is tried first: the kernel waits for all processors before it lets go of a
 * table.
 */
void nft_make(struct nft *nft, uint8_t family, const char *table, bool replace);

/* One that removes TABLE; its commit is -ENOENT if there is none. */
void nft_remove(struct nft *nft, uint8_t family, const char *table);

/* A chain on a hook; rules go into the last one. DEVICE: for NFPROTO_NETDEV, else NULL. */
struct nft_chain {
    const char *name, *type, *device;
    uint32_t hook;
    int32_t priority;
    uint32_t policy; /* NF_ACCEPT or NF_DROP */
};
void nft_chain(struct nft *nft, const struct nft_chain *chain);

/* A rule: matches, all of which must hold, then what is done. */
void nft_rule(struct nft *nft);
void nft_rule_end(struct nft *nft);

/* SIZE (1..16) bytes at OFFSET of BASE (NFT_PAYLOAD_*) are, or are not, those of DATA. */
void nft_bytes(struct nft *nft, uint32_t base, uint32_t offset, const void *data, size_t size);
void nft_not_bytes(struct nft *nft, uint32_t base, uint32_t offset, const void *data, size_t size);

/* KEY (NFT_META_*, four bytes in the host's order, or one) under MASK is, or is not, VALUE. */
void nft_meta(struct nft *nft, uint32_t key, uint32_t mask, uint32_t value);
void nft_not_meta(struct nft *nft, uint32_t key, uint32_t mask, uint32_t value);
void nft_protocol(struct nft *nft, uint8_t protocol);

/* The name of the interface that the packet leaves through, or came in through (NFT_META_OIFNAME, IIFNAME).
 */
void nft_interface(struct nft *nft, uint32_t key, const char *name);

/* The destination is an address of this host. */
void nft_local_destination(struct nft *nft);

/* What no longer goes into a bucket of SIZE (at least RATE) packets (NFT_LIMIT_PKTS) or bytes
 * (NFT_LIMIT_PKT_BYTES) that empties at RATE a second. */
void nft_above(struct nft *nft, uint32_t type, uint64_t rate, uint64_t size);

/* The bits of MASK of the packet's mark become those of VALUE. */
void nft_set_mark(struct nft *nft, uint32_t mask, uint32_t value);

void nft_verdict(struct nft *nft, uint32_t verdict);
void nft_dnat(struct nft *nft, const uint8_t ipv4[static 4], uint16_t port);
void nft_masquerade(struct nft *nft);

/* Carries the transaction out, all of it or nothing: 0 or -errno. */
int nft_commit(struct nft *nft, const char *what, struct error *err);

/* Calls FUNCTION with the name of every table of FAMILY; 0 or -errno. */
int nft_tables(uint8_t family, void (*function)(void *context, const char *table), void *context,
               struct error *err);

/* The table that a message announces; false if it is none. */
bool nft_read_table(const struct netlink_message *message, char *name, size_t size);

#endif
