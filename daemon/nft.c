/* nft.c: see nft.h. Every expression works on one register, so that a rule is a straight line. */
#define _GNU_SOURCE
#include "nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "host/error.h"

static void begin(struct nft *nft, uint16_t type, uint16_t flags)
{
    struct nfgenmsg header = {.nfgen_family = nft->family, .version = NFNETLINK_V0};
    netlink_begin(&nft->batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &header, sizeof header);
}

static void edge(struct nft *nft, uint16_t type)
{
    struct nfgenmsg header = {.nfgen_family = AF_UNSPEC, .res_id = htons(NFNL_SUBSYS_NFTABLES)};
    netlink_begin(&nft->batch, type, 0, &header, sizeof header);
}

static void table_message(struct nft *nft, uint16_t type, uint16_t flags)
{
    begin(nft, type, (uint16_t)(flags | NLM_F_ACK));
    netlink_put_text(&nft->batch, NFTA_TABLE_NAME, nft->table);
}

static void nft_begin(struct nft *nft, uint8_t family, const char *table)
{
    memset(nft, 0, sizeof *nft);
    nft->family = family;
    nft->table = table;
    edge(nft, NFNL_MSG_BATCH_BEGIN);
}

void nft_make(struct nft *nft, uint8_t family, const char *table, bool replace)
{
    nft_begin(nft, family, table);
    if (replace) {
        /* Made if it has gone meanwhile, so that it can be removed in any case. */
        table_message(nft, NFT_MSG_NEWTABLE, NLM_F_CREATE);
        table_message(nft, NFT_MSG_DELTABLE, 0);
    }
    table_message(nft, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
}

void nft_remove(struct nft *nft, uint8_t family, const char *table)
{
    nft_begin(nft, family, table);
    table_message(nft, NFT_MSG_DELTABLE, 0);
}

void nft_chain(struct nft *nft, const struct nft_chain *chain)
{
    struct netlink_batch *batch = &nft->batch;
    nft->chain = chain->name;
    begin(nft, NFT_MSG_NEWCHAIN, NLM_F_ACK | NLM_F_CREATE);
    netlink_put_text(batch, NFTA_CHAIN_TABLE, nft->table);
    netlink_put_text(batch, NFTA_CHAIN_NAME, chain->name);
    netlink_nest(batch, NFTA_CHAIN_HOOK);
    netlink_put_be32(batch, NFTA_HOOK_HOOKNUM, chain->hook);
    netlink_put_be32(batch, NFTA_HOOK_PRIORITY, (uint32_t)chain->priority);
    if (chain->device != NULL)
        netlink_put_text(batch, NFTA_HOOK_DEV, chain->device);
    netlink_unnest(batch);
    netlink_put_be32(batch, NFTA_CHAIN_POLICY, chain->policy);
    netlink_put_text(batch, NFTA_CHAIN_TYPE, chain->type);
}

void nft_rule(struct nft *nft)
{
    begin(nft, NFT_MSG_NEWRULE, NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND);
    netlink_put_text(&nft->batch, NFTA_RULE_TABLE, nft->table);
    netlink_put_text(&nft->batch, NFTA_RULE_CHAIN, nft->chain);
    netlink_nest(&nft->batch, NFTA_RULE_EXPRESSIONS);
}

void nft_rule_end(struct nft *nft)
{
    netlink_unnest(&nft->batch);
}

static void expression(struct nft *nft, const char *name)
{
    netlink_nest(&nft->batch, NFTA_LIST_ELEM);
    netlink_put_text(&nft->batch, NFTA_EXPR_NAME, name);
    netlink_nest(&nft->batch, NFTA_EXPR_DATA);
}

static void expression_end(struct nft *nft)
{
    netlink_unnest(&nft->batch);
    netlink_unnest(&nft->batch);
}

static void value(struct nft *nft, uint16_t type, const void *data, size_t size)
{
    netlink_nest(&nft->batch, type);
    netlink_put(&nft->batch, NFTA_DATA_VALUE, data, size);
    netlink_unnest(&nft->batch);
}

static void compare(struct nft *nft, enum nft_cmp_ops op, const void *data, size_t size)
{
    expression(nft, "cmp");
    netlink_put_be32(&nft->batch, NFTA_CMP_SREG, NFT_REG_1);
    netlink_put_be32(&nft->batch, NFTA_CMP_OP, op);
    value(nft, NFTA_CMP_DATA, data, size);
    expression_end(nft);
}

static void load_payload(struct nft *nft, uint32_t base, uint32_t offset, size_t size)
{
    expression(nft, "payload");
    netlink_put_be32(&nft->batch, NFTA_PAYLOAD_DREG, NFT_REG_1);
    netlink_put_be32(&nft->batch, NFTA_PAYLOAD_BASE, base);
    netlink_put_be32(&nft->batch, NFTA_PAYLOAD_OFFSET, offset);
    netlink_put_be32(&nft->batch, NFTA_PAYLOAD_LEN, (uint32_t)size);
    expression_end(nft);
}

void nft_bytes(struct nft *nft, uint32_t base, uint32_t offset, const void *data, size_t size)
{
    load_payload(nft, base, offset, size);
    compare(nft, NFT_CMP_EQ, data, size);
}

void nft_not_bytes(struct nft *nft, uint32_t base, uint32_t offset, const void *data, size_t size)
{
    load_payload(nft, base, offset, size);
    compare(nft, NFT_CMP_NEQ, data, size);
}

static void load_meta(struct nft *nft, uint32_t key)
{
    expression(nft, "meta");
    netlink_put_be32(&nft->batch, NFTA_META_DREG, NFT_REG_1);
    netlink_put_be32(&nft->batch, NFTA_META_KEY, key);
    expression_end(nft);
}

/* The register becomes (register & MASK) ^ FLIP. */
static void mask_register(struct nft *nft, uint32_t mask, uint32_t flip)
{
    expression(nft, "bitwise");
    netlink_put_be32(&nft->batch, NFTA_BITWISE_SREG, NFT_REG_1);
    netlink_put_be32(&nft->batch, NFTA_BITWISE_DREG, NFT_REG_1);
    netlink_put_be32(&nft->batch, NFTA_BITWISE_LEN, sizeof mask);
    value(nft, NFTA_BITWISE_MASK, &mask, sizeof mask);
    value(nft, NFTA_BITWISE_XOR, &flip, sizeof flip);
    expression_end(nft);
}

static void compare_meta(struct nft *nft, uint32_t key, uint32_t mask, enum nft_cmp_ops op, uint32_t number)
{
    load_meta(nft, key);
    if (mask != UINT32_MAX)
        mask_register(nft, mask, 0);
    compare(nft, op, &number, sizeof number);
}

void nft_meta(struct nft *nft, uint32_t key, uint32_t mask, uint32_t number)
{
    compare_meta(nft, key, mask, NFT_CMP_EQ, number);
}

void nft_not_meta(struct nft *nft, uint32_t key, uint32_t mask, uint32_t number)
{
    compare_meta(nft, key, mask, NFT_CMP_NEQ, number);
}

void nft_protocol(struct nft *nft, uint8_t protocol)
{
    load_meta(nft, NFT_META_L4PROTO);
    compare(nft, NFT_CMP_EQ, &protocol, sizeof protocol);
}

void nft_interface(struct nft *nft, uint32_t key, const char *name)
{
    char padded[IFNAMSIZ] = "";
    strncpy(padded, name, sizeof padded - 1);
    load_meta(nft, key);
    compare(nft, NFT_CMP_EQ, padded, sizeof padded);
}

void nft_local_destination(struct nft *nft)
{
    uint32_t local = 2; /* RTN_LOCAL */
    expression(nft, "fib");
    netlink_put_be32(&nft->batch, NFTA_FIB_DREG, NFT_REG_1);
    netlink_put_be32(&nft->batch, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
    netlink_put_be32(&nft->batch, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
    expression_end(nft);
    compare(nft, NFT_CMP_EQ, &local, sizeof local);
}

void nft_above(struct nft *nft, uint32_t type, uint64_t rate, uint64_t size)
{
    /* The kernel's bucket for packets has the size of the burst, the one for bytes that of rate and burst. */
    uint64_t burst = type == NFT_LIMIT_PKTS ? size : size - rate;
    expression(nft, "limit");
    netlink_put_be64(&nft->batch, NFTA_LIMIT_RATE, rate);
    netlink_put_be64(&nft->batch, NFTA_LIMIT_UNIT, 1);
    netlink_put_be32(&nft->batch, NFTA_LIMIT_BURST, burst > UINT32_MAX ? UINT32_MAX : (uint32_t)burst);
    netlink_put_be32(&nft->batch, NFTA_LIMIT_TYPE, type);
    netlink_put_be32(&nft->batch, NFTA_LIMIT_FLAGS, NFT_LIMIT_F_INV);
    expression_end(nft);
}

void nft_set_mark(struct nft *nft, uint32_t mask, uint32_t number)
{
    load_meta(nft, NFT_META_MARK);
    mask_register(nft, ~mask, number & mask);
    expression(nft, "meta");
    netlink_put_be32(&nft->batch, NFTA_META_SREG, NFT_REG_1);
    netlink_put_be32(&nft->batch, NFTA_META_KEY, NFT_META_MARK);
    expression_end(nft);
}

void nft_verdict(struct nft *nft, uint32_t verdict)
{
    expression(nft, "immediate");
    netlink_put_be32(&nft->batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    netlink_nest(&nft->batch, NFTA_IMMEDIATE_DATA);
    netlink_nest(&nft->batch, NFTA_DATA_VERDICT);
    netlink_put_be32(&nft->batch, NFTA_VERDICT_CODE, verdict);
    netlink_unnest(&nft->batch);
    netlink_unnest(&nft->batch);
    expression_end(nft);
}

static void load_immediate(struct nft *nft, uint32_t to, const void *data, size_t size)
{
    expression(nft, "immediate");
    netlink_put_be32(&nft->batch, NFTA_IMMEDIATE_DREG, to);
    value(nft, NFTA_IMMEDIATE_DATA, data, size);
    expression_end(nft);
}

void nft_dnat(struct nft *nft, const uint8_t ipv4[static 4], uint16_t port)
{
    uint16_t order = htons(port);
    load_immediate(nft, NFT_REG_1, ipv4, 4);
    load_immediate(nft, NFT_REG_2, &order, sizeof order);
    expression(nft, "nat");
    netlink_put_be32(&nft->batch, NFTA_NAT_TYPE, NFT_NAT_DNAT);
    netlink_put_be32(&nft->batch, NFTA_NAT_FAMILY, NFPROTO_IPV4);
    netlink_put_be32(&nft->batch, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
    netlink_put_be32(&nft->batch, NFTA_NAT_REG_PROTO_MIN, NFT_REG_2);
    expression_end(nft);
}

void nft_masquerade(struct nft *nft)
{
    expression(nft, "masq");
    expression_end(nft);
}

int nft_commit(struct nft *nft, const char *what, struct error *err)
{
    edge(nft, NFNL_MSG_BATCH_END);
    int result = netlink_send(NETLINK_NETFILTER, &nft->batch, what, nft->table, err);
    if (result == -EOPNOTSUPP || result == -EPROTONOSUPPORT)
        error_hint(err, "a kernel with nf_tables and its netdev ingress and egress hooks (Linux 5.16)");
    return result;
}

bool nft_read_table(const struct netlink_message *message, char *name, size_t size)
{
    struct netlink_reader body = message->body;
    struct netlink_attribute attribute;
    name[0] = '\0';
    if (message->type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE) ||
        netlink_take(&body, sizeof(struct nfgenmsg)) == NULL)
        return false;
    while (netlink_next_attribute(&body, &attribute))
        if (attribute.type == NFTA_TABLE_NAME)
            netlink_text(&attribute, name, size);
    return !body.bad && name[0] != '\0';
}

struct walk {
    void (*function)(void *context, const char *table);
    void *context;
};

static void walk_one(void *context, const struct netlink_message *message)
{
    const struct walk *walk = context;
    char name[NFT_TABLE_MAXNAMELEN];
    if (nft_read_table(message, name, sizeof name))
        walk->function(walk->context, name);
}

int nft_tables(uint8_t family, void (*function)(void *context, const char *table), void *context,
               struct error *err)
{
    struct netlink_batch batch = {0};
    struct walk walk = {function, context};
    struct nfgenmsg header = {.nfgen_family = family, .version = NFNETLINK_V0};
    netlink_begin(&batch, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, NLM_F_DUMP, &header, sizeof header);
    return netlink_dump(NETLINK_NETFILTER, &batch, walk_one, &walk, err);
}
