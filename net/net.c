/* net.c: see net.h. */
#include "net.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "host/error.h"
#include "net/dns.h"
#include "net/lease.h"
#include "net/ndp.h"
#include "net/port.h"
#include "net/stack.h"

#define MTU_LEAST   1280
#define MTU_MOST    9000
#define MTU_DEFAULT 1500

static const uint8_t default_subnet[4] = {10, 0, 2, 0};
static const uint8_t default_subnet6[16] = {0xfd, 0xb1, 0x70, 0x0a};

struct net *net_create(struct loop *loop, struct error *err)
{
    struct net *net = calloc(1, sizeof *net);
    if (net == NULL) {
        error_set(err, ENOMEM, "create network", NULL, NULL);
        return NULL;
    }
    struct rlimit limit = {.rlim_cur = 1024};
    getrlimit(RLIMIT_NOFILE, &limit);
    net->loop = loop;
    net->descriptor_limit = limit.rlim_cur;
    return net;
}

static void apply_defaults(struct net_network *config)
{
    static const uint8_t none[16];
    if (memcmp(config->subnet, none, 4) == 0)
        memcpy(config->subnet, default_subnet, 4);
    if (memcmp(config->subnet6, none, 16) == 0)
        memcpy(config->subnet6, default_subnet6, 16);
    if (config->prefix == 0)
        config->prefix = 24;
    if (config->mtu == 0)
        config->mtu = MTU_DEFAULT;
    if (config->domain[0] == '\0')
        strcpy(config->domain, "internal");
}

static int check_config(const struct net_network *config, struct error *err)
{
    if (config->prefix < 8 || config->prefix > 29)
        return error_set(err, EINVAL, "configure network", "prefix", "%u is not in 8..29", config->prefix);
    if (config->mtu < MTU_LEAST || config->mtu > MTU_MOST)
        return error_set(err, EINVAL, "configure network", "mtu", "%u is not in %u..%u", config->mtu,
                         MTU_LEAST, MTU_MOST);
    uint32_t subnet = ntohl(packet_ipv4_key(config->subnet));
    if ((subnet & (UINT32_MAX >> config->prefix)) != 0)
        return error_set(err, EINVAL, "configure network", "subnet", "it has bits outside its prefix");
    return port_check_name(config->domain, err);
}

static void set_host(uint8_t address[static 4], const struct net_network *config, uint32_t host)
{
    uint32_t value = htonl(ntohl(packet_ipv4_key(config->subnet)) + host);
    memcpy(address, &value, 4);
}

static void set_addresses(struct net *net)
{
    const struct net_network *config = &net->config;
    net_gateway(config, net->gateway, net->gateway6);
    net_resolver(config, net->resolver, net->resolver6);
    set_host(net->broadcast, config, UINT32_MAX >> config->prefix);
    net->mac[0] = 0x52;
    net->mac[1] = 0x55;
    memcpy(net->mac + 2, net->gateway, 4);
    net->link6[0] = 0xfe;
    net->link6[1] = 0x80;
    net->link6[15] = 1;
    net->frame_max = PACKET_ETHERNET_SIZE + config->mtu;
}

int net_configure(struct net *net, const struct net_network *wanted, struct error *err)
{
    if (net->configured)
        return error_set(err, EALREADY, "configure network", NULL, "it has been configured before");
    struct net_network config = *wanted;
    config.domain[NET_NAME_SIZE - 1] = '\0';
    apply_defaults(&config);
    int result = check_config(&config, err);
    if (result < 0)
        return result;
    net->config = config;
    set_addresses(net);
    if ((result = port_batch_open(net, err)) < 0 || (result = stack_open(net, err)) < 0 ||
        (result = dns_open(net, err)) < 0 || (result = ndp_open(net, err)) < 0)
        return result;
    net->configured = true;
    return 0;
}

void net_destroy(struct net *net)
{
    if (net == NULL)
        return;
    while (net->ports != NULL)
        port_remove(net->ports);
    ndp_close(net);
    dns_close(net);
    stack_close(net);
    port_batch_close(net);
    lease_forget_all(net);
    table_free(&net->by_id);
    table_free(&net->by_mac);
    table_free(&net->by_ipv4);
    table_free(&net->by_name);
    table_free(&net->listeners);
    free(net);
}

bool net_contains(const struct net *net, const uint8_t *ipv4)
{
    uint32_t difference = ntohl(packet_ipv4_key(ipv4)) ^ ntohl(packet_ipv4_key(net->config.subnet));
    return difference <= UINT32_MAX >> net->config.prefix;
}

bool net_contains6(const struct net *net, const uint8_t *ipv6)
{
    return memcmp(ipv6, net->config.subnet6, 8) == 0;
}

bool net_is_own(const struct net *net, const uint8_t *ipv4)
{
    return memcmp(ipv4, net->gateway, 4) == 0 || memcmp(ipv4, net->resolver, 4) == 0;
}

bool net_is_own6(const struct net *net, const uint8_t *ipv6)
{
    return memcmp(ipv6, net->gateway6, 16) == 0 || memcmp(ipv6, net->resolver6, 16) == 0 ||
           memcmp(ipv6, net->link6, 16) == 0;
}
