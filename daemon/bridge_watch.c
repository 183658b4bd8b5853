/*
 * bridge_watch.c: what became of the bridges that taps are on; see bridge.h.
 *
 * The kernel's notices only say that something changed: the interfaces are then read as a whole, a moment
 * later, so that a lost notice or a thousand of them cost the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bridge.h"
#include "daemon.h"
#include "event.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "host/loop.h"
#include "link.h"
#include "netlink.h"
#include "nft.h"
#include "policies.h"
#include "unikernel.h"

#define SETTLE_NS UINT64_C(30000000)

/* What is heard: interfaces, and tables of the packet filter, which a reload of somebody's rules removes. */
enum { HEAR_LINKS, HEAR_TABLES, HEAR_COUNT };

struct bridge_watch {
    struct daemon *daemon;
    int fds[HEAR_COUNT];
    struct loop_source *sources[HEAR_COUNT];
    struct loop_timer *timer;
    char (*tables)[IFNAMSIZ]; /* the guards there are */
    size_t table_count, table_capacity;
    struct link *links;
    size_t count, capacity;
};

static void collect(void *context, const struct link *link)
{
    struct bridge_watch *watch = context;
    if (watch->count == watch->capacity) {
        size_t capacity = watch->capacity * 2 + 64;
        struct link *links = realloc(watch->links, capacity * sizeof *links);
        if (links == NULL)
            return;
        watch->links = links;
        watch->capacity = capacity;
    }
    watch->links[watch->count++] = *link;
}

static void collect_table(void *context, const char *table)
{
    struct bridge_watch *watch = context;
    if (watch->table_count == watch->table_capacity) {
        size_t capacity = watch->table_capacity * 2 + 64;
        void *tables = realloc(watch->tables, capacity * sizeof *watch->tables);
        if (tables == NULL)
            return;
        watch->tables = tables;
        watch->table_capacity = capacity;
    }
    snprintf(watch->tables[watch->table_count++], IFNAMSIZ, "%.15s", table);
}

static bool is_guarded(const struct bridge_watch *watch, const char *tap)
{
    for (size_t i = 0; i < watch->table_count; i++)
        if (strcmp(watch->tables[i], tap) == 0)
            return true;
    return false;
}

static const struct link *by_index(const struct bridge_watch *watch, uint32_t index)
{
    for (size_t i = 0; i < watch->count; i++)
        if (watch->links[i].index == index)
            return &watch->links[i];
    return NULL;
}

static bool exists(const struct bridge_watch *watch, const char *name)
{
    for (size_t i = 0; i < watch->count; i++)
        if (strcmp(watch->links[i].name, name) == 0)
            return true;
    return false;
}

static void say(const struct bridge_watch *watch, const struct attachment *net, char *text, size_t size)
{
    const struct link *tap = by_index(watch, net->tap_index);
    const struct link *bridge = tap == NULL || tap->master == 0 ? NULL : by_index(watch, tap->master);
    text[0] = '\0';
    if (tap == NULL)
        snprintf(text, size, "its interface %s is gone", net->tap);
    else if (!tap->up)
        snprintf(text, size, "its interface %s is down", tap->name);
    else if (bridge == NULL && exists(watch, net->bridge))
        snprintf(text, size, "it is no longer on bridge %s: a restart puts it back", net->bridge);
    else if (bridge == NULL)
        snprintf(text, size, "bridge %s is gone", net->bridge);
    else if (strcmp(bridge->name, net->bridge) != 0)
        snprintf(text, size, "bridge %s is called %s now", net->bridge, bridge->name);
    else if (!bridge->up)
        snprintf(text, size, "bridge %s is down", net->bridge);
    else if (bridge->mtu != net->mtu)
        snprintf(text, size, "bridge %s has an MTU of %u, the guest one of %u", net->bridge, bridge->mtu,
                 net->mtu);
}

static void look_at(const struct bridge_watch *watch, struct unikernel *unikernel, size_t i)
{
    struct attachment *net = &unikernel->nets[i];
    struct wire_bytes device = unikernel->deploy->networks.items[i].device;
    char text[sizeof net->trouble];
    say(watch, net, text, sizeof text);
    if (!is_guarded(watch, net->tap) && by_index(watch, net->tap_index) != NULL) {
        event_emit(watch->daemon, WIRE_EVENT_KIND_NETWORK, unikernel->name, unikernel,
                   "network of %.*s: its filter was removed by somebody else, and is put back",
                   (int)device.size, (const char *)device.data);
        bridge_guard_again(unikernel, i);
    }
    if (strcmp(text, net->trouble) == 0)
        return;
    snprintf(net->trouble, sizeof net->trouble, "%s", text);
    event_emit(watch->daemon, WIRE_EVENT_KIND_NETWORK, unikernel->name, unikernel, "network of %.*s: %s",
               (int)device.size, (const char *)device.data, text[0] != '\0' ? text : "all right again");
}

static void look(void *context)
{
    struct bridge_watch *watch = context;
    struct daemon *daemon = watch->daemon;
    struct error err = {0};
    watch->timer = NULL;
    watch->count = 0;
    watch->table_count = 0;
    if (link_each(collect, watch, &err) < 0 || nft_tables(NFPROTO_NETDEV, collect_table, watch, &err) < 0) {
        log_failure(&err);
        return;
    }
    for (size_t i = 0; i < daemon->unikernel_count; i++) {
        struct unikernel *unikernel = daemon->unikernels[i];
        size_t count =
            unikernel->attached && unikernel->ended == NULL ? unikernel->deploy->networks.count : 0;
        for (size_t j = 0; j < count && j < UNIKERNEL_NETS_MAX; j++)
            if (unikernel->nets[j].tap[0] != '\0')
                look_at(watch, unikernel, j);
    }
    if (policies_discover(daemon, &err) < 0)
        log_failure(&err);
}

static void look_soon(struct bridge_watch *watch)
{
    if (watch->timer == NULL)
        watch->timer = loop_after(watch->daemon->loop, SETTLE_NS, look, watch, NULL);
}

/* What the notices say is not read: see above. */
static void noticed(void *context, uint32_t events)
{
    struct bridge_watch *watch = context;
    uint8_t data[8192];
    (void)events;
    for (size_t i = 0; i < HEAR_COUNT; i++)
        while (recv(watch->fds[i], data, sizeof data, MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
            continue;
    look_soon(watch);
}

static int hear(struct bridge_watch *watch, size_t which, int protocol, uint32_t groups, struct error *err)
{
    watch->fds[which] = netlink_listen(protocol, groups, err);
    if (watch->fds[which] < 0)
        return watch->fds[which];
    watch->sources[which] = loop_add(watch->daemon->loop, watch->fds[which], EPOLLIN, noticed, watch, err);
    return watch->sources[which] == NULL ? -ENOMEM : 0;
}

int bridge_watch_open(struct daemon *daemon, struct error *err)
{
    if (!daemon->root)
        return 0;
    struct bridge_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return error_set(err, ENOMEM, "watch interfaces", NULL, NULL);
    daemon->bridge_watch = watch;
    *watch = (struct bridge_watch){.daemon = daemon, .fds = {-1, -1}};
    int result = hear(watch, HEAR_LINKS, NETLINK_ROUTE, RTMGRP_LINK, err);
    if (result < 0)
        return result;
    /* A kernel without the filter attaches nothing to bridges anyway. */
    hear(watch, HEAR_TABLES, NETLINK_NETFILTER, 1u << (NFNLGRP_NFTABLES - 1), NULL);
    look_soon(watch);
    return 0;
}

void bridge_watch_close(struct daemon *daemon)
{
    struct bridge_watch *watch = daemon->bridge_watch;
    if (watch == NULL)
        return;
    for (size_t i = 0; i < HEAR_COUNT; i++) {
        loop_remove(&watch->sources[i]);
        fd_close(&watch->fds[i]);
    }
    loop_cancel(&watch->timer);
    free(watch->links);
    free(watch->tables);
    free(watch);
    daemon->bridge_watch = NULL;
}
