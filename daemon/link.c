/* link.c: see link.h. Sources: rtnetlink(7), linux/if_link.h, linux/rtnetlink.h. */
#define _GNU_SOURCE
#include "link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "host/error.h"
#include "netlink.h"

static void read_kind(struct netlink_reader info, struct link *link)
{
    struct netlink_attribute attribute;
    char kind[16] = "";
    while (netlink_next_attribute(&info, &attribute))
        if (attribute.type == IFLA_INFO_KIND)
            netlink_text(&attribute, kind, sizeof kind);
    link->bridge = strcmp(kind, "bridge") == 0;
}

bool link_read(const struct netlink_message *message, struct link *link)
{
    struct ifinfomsg header;
    struct netlink_reader body = message->body;
    struct netlink_attribute attribute;
    const uint8_t *start = netlink_take(&body, sizeof header);
    memset(link, 0, sizeof *link);
    if (message->type != RTM_NEWLINK || start == NULL)
        return false;
    memcpy(&header, start, sizeof header);
    /* What bridges say of their ports comes in the same messages, with another family. */
    if (header.ifi_family != AF_UNSPEC || header.ifi_index <= 0)
        return false;
    link->index = (uint32_t)header.ifi_index;
    link->up = (header.ifi_flags & IFF_UP) != 0;
    while (netlink_next_attribute(&body, &attribute)) {
        if (attribute.type == IFLA_IFNAME)
            netlink_text(&attribute, link->name, sizeof link->name);
        else if (attribute.type == IFLA_MTU)
            link->mtu = netlink_number(&attribute);
        else if (attribute.type == IFLA_MASTER)
            link->master = netlink_number(&attribute);
        else if (attribute.type == IFLA_LINKINFO)
            read_kind(attribute.body, link);
    }
    return !body.bad && link->name[0] != '\0';
}

struct walk {
    void (*function)(void *context, const struct link *link);
    void *context;
};

static void walk_one(void *context, const struct netlink_message *message)
{
    const struct walk *walk = context;
    struct link link;
    if (link_read(message, &link))
        walk->function(walk->context, &link);
}

int link_each(void (*function)(void *context, const struct link *link), void *context, struct error *err)
{
    struct netlink_batch batch = {0};
    struct walk walk = {function, context};
    struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    netlink_begin(&batch, RTM_GETLINK, NLM_F_DUMP, &header, sizeof header);
    return netlink_dump(NETLINK_ROUTE, &batch, walk_one, &walk, err);
}

static void take_link(void *context, const struct link *link)
{
    *(struct link *)context = *link;
}

int link_find(const char *name, struct link *link, struct error *err)
{
    struct netlink_batch batch = {0};
    struct walk walk = {take_link, link};
    struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    memset(link, 0, sizeof *link);
    netlink_begin(&batch, RTM_GETLINK, NLM_F_ACK, &header, sizeof header);
    netlink_put_text(&batch, IFLA_IFNAME, name);
    int result = netlink_dump(NETLINK_ROUTE, &batch, walk_one, &walk, err);
    if (result == -ENODEV || (result == 0 && link->index == 0))
        return error_set(err, ENODEV, "interface", name, "there is none of this name");
    return result;
}

/* Locally administered, and the same whenever the bridge is made again. */
static void own_mac(const char *name, uint8_t mac[static 6])
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (const char *p = name; *p != '\0'; p++)
        hash = (hash ^ (uint8_t)*p) * 0x100000001b3u;
    for (int i = 0; i < 6; i++)
        mac[i] = (uint8_t)(hash >> (8 * i));
    mac[0] = (uint8_t)((mac[0] & 0xfcu) | 2u);
}

static int create_bridge(const char *name, uint32_t mtu, struct error *err)
{
    struct netlink_batch batch = {0};
    uint8_t mac[6];
    struct ifinfomsg header = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    own_mac(name, mac);
    netlink_begin(&batch, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
    netlink_put_text(&batch, IFLA_IFNAME, name);
    netlink_put(&batch, IFLA_ADDRESS, mac, sizeof mac);
    if (mtu != 0)
        netlink_put32(&batch, IFLA_MTU, mtu);
    netlink_nest(&batch, IFLA_LINKINFO);
    netlink_put_text(&batch, IFLA_INFO_KIND, "bridge");
    netlink_unnest(&batch);
    return netlink_send(NETLINK_ROUTE, &batch, "make bridge", name, err);
}

static int add_address(const struct link *link, uint32_t ipv4, uint8_t prefix, struct error *err)
{
    struct netlink_batch batch = {0};
    struct ifaddrmsg header = {.ifa_family = AF_INET, .ifa_prefixlen = prefix, .ifa_index = link->index};
    uint32_t broadcast = ipv4 | (prefix < 32 ? UINT32_MAX >> prefix : 0);
    netlink_begin(&batch, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);
    netlink_put_be32(&batch, IFA_LOCAL, ipv4);
    netlink_put_be32(&batch, IFA_ADDRESS, ipv4);
    netlink_put_be32(&batch, IFA_BROADCAST, broadcast);
    return netlink_send(NETLINK_ROUTE, &batch, "give address to", link->name, err);
}

int link_make_bridge(const char *name, uint32_t ipv4, uint8_t prefix, uint32_t mtu, struct error *err)
{
    struct link link = {0};
    int result = create_bridge(name, mtu, err);
    if (result < 0 && result != -EEXIST)
        return result;
    result = link_find(name, &link, err);
    if (result == 0 && !link.bridge)
        return error_set(err, EEXIST, "make bridge", name, "it is an interface of another kind");
    return result == 0 && prefix != 0 ? add_address(&link, ipv4, prefix, err) : result;
}

/* The port's place in the bridge, before anything can pass through it. */
static void put_master(struct netlink_batch *batch, const struct link_port *port)
{
    struct ifinfomsg header = {.ifi_index = (int)port->index};
    netlink_begin(batch, RTM_NEWLINK, NLM_F_ACK, &header, sizeof header);
    netlink_put(batch, IFLA_ADDRESS, port->mac, sizeof port->mac);
    netlink_put32(batch, IFLA_MTU, port->mtu);
    netlink_put_text(batch, IFLA_IFALIAS, port->alias);
    netlink_put32(batch, IFLA_MASTER, port->bridge);
}

static void put_isolation(struct netlink_batch *batch, const struct link_port *port)
{
    struct ifinfomsg header = {.ifi_family = AF_BRIDGE, .ifi_index = (int)port->index};
    netlink_begin(batch, RTM_SETLINK, NLM_F_ACK, &header, sizeof header);
    netlink_nest(batch, IFLA_PROTINFO);
    netlink_put8(batch, IFLA_BRPORT_ISOLATED, port->isolated);
    netlink_unnest(batch);
}

static void put_up(struct netlink_batch *batch, const struct link_port *port)
{
    struct ifinfomsg header = {.ifi_index = (int)port->index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    netlink_begin(batch, RTM_NEWLINK, NLM_F_ACK, &header, sizeof header);
}

int link_join(const struct link_port *port, const char *name, struct error *err)
{
    static void (*const steps[])(struct netlink_batch * batch,
                                 const struct link_port *port) = {put_master, put_isolation, put_up};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct netlink_batch batch = {0};
        steps[i](&batch, port);
        int result = netlink_send(NETLINK_ROUTE, &batch, "join bridge", name, err);
        if (result < 0)
            return result;
    }
    return 0;
}

int link_remove(const char *name, struct error *err)
{
    struct netlink_batch batch = {0};
    struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    netlink_begin(&batch, RTM_DELLINK, NLM_F_ACK, &header, sizeof header);
    netlink_put_text(&batch, IFLA_IFNAME, name);
    return netlink_send(NETLINK_ROUTE, &batch, "remove interface", name, err);
}
