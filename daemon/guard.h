/*
 * guard.h: what a tap may send and be sent, kept by the kernel: one table for each tap.
 *
 * On its way in a frame must have the guest's hardware address, and what is known of its addresses must be
 * true in ARP, IPv4, IPv6 and neighbour discovery too; nobody but the host configures others (no DHCP
 * answers, router advertisements, redirects). It gets its tenant's mark, and on its way out to another tap
 * the mark of another tenant is dropped: on the bridge, and also where the host routes between guests.
 */
#ifndef DAEMON_GUARD_H
#define DAEMON_GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct error;

#define GUARD_TENANTS_MAX 65535 /* the mark's upper half */

/* What a port may do each way in a second; 0: any. */
struct guard_limits {
    uint64_t bytes, packets;
};

struct guard {
    const char *tap; /* the interface's name, and the table's */
    uint8_t mac[6];
    uint32_t ipv4;   /* host order; 0: not known, not checked */
    bool known_ipv6; /* the addresses are those that the MAC makes */
    uint16_t tenant; /* 1..GUARD_TENANTS_MAX */
    struct guard_limits limits;
};

/* Puts the guard in place of the one there may be; the tap exists. 0 or -errno. */
int guard_install(const struct guard *guard, struct error *err);

/* Harmless if there is none. */
void guard_remove(const char *tap);

#endif
