/* link.h: the host's network interfaces, through rtnetlink: found, made, joined to bridges, removed. */
#ifndef DAEMON_LINK_H
#define DAEMON_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct error;
struct netlink_message;

struct link {
    uint32_t index;  /* 0: none */
    uint32_t master; /* index of the bridge it is a port of; 0: none */
    uint32_t mtu;    /* bytes */
    bool up;         /* by its administrator's will, not by its cable's */
    bool bridge;
    char name[IFNAMSIZ];
};

/* Reads a message about an interface; false if it is none. */
bool link_read(const struct netlink_message *message, struct link *link);

/* The interface NAME: 0, -ENODEV, -errno. */
int link_find(const char *name, struct link *link, struct error *err);

/* Calls FUNCTION for every interface; 0 or -errno. */
int link_each(void (*function)(void *context, const struct link *link), void *context, struct error *err);

/*
 * Makes the bridge NAME, up, without an address if PREFIX is 0, else with IPV4 (host order), and with a MAC
 * of its own, which does not change with its ports. An existing bridge gets the address: 0; -EEXIST if NAME
 * is another kind of interface; -errno.
 */
int link_make_bridge(const char *name, uint32_t ipv4, uint8_t prefix, uint32_t mtu, struct error *err);

/*
 * Makes the interface INDEX a port of BRIDGE, with MTU and MAC, up, its ALIAS (for people) set; ISOLATED: it
 * reaches no other isolated port. 0 or -errno.
 */
struct link_port {
    uint32_t index, bridge, mtu;
    bool isolated;
    uint8_t mac[6]; /* the host's end's */
    const char *alias;
};
int link_join(const struct link_port *port, const char *name, struct error *err);

/* Removes the interface; 0, -ENODEV, -errno. */
int link_remove(const char *name, struct error *err);

#endif
