/*
 * forward.h: ports of the host that lead to a guest on a bridge, kept by the kernel: a table of address
 * translation for each device that has any.
 *
 * IPv4 alone, as guests on bridges have no other address that the daemon knows. From this host every
 * address works, the loopback's too; from elsewhere, what the host forwards.
 */
#ifndef DAEMON_FORWARD_H
#define DAEMON_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct forward {
    uint32_t address; /* of the host, host order; 0: every one */
    uint16_t host, guest;
    bool udp;
};

struct forwards {
    const char *table;  /* named like the tap */
    const char *bridge; /* the interface */
    uint32_t guest;     /* host order */
    size_t count;
    const struct forward *items;
};

/* Puts the forwards in place of those there may be: 0 or -errno. */
int forwards_install(const struct forwards *forwards, struct error *err);

/* Harmless if there are none. */
void forwards_remove(const char *table);

#endif
