/* address.h: IPv4 addresses as texts of the protocol. */
#ifndef DAEMON_ADDRESS_H
#define DAEMON_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire_types.h"

/* "A.B.C.D" or "A.B.C.D/N" (N 1..32): the address in host order and N, 0 if it is not there. False: neither.
 */
bool address_parse(struct wire_bytes text, uint32_t *ipv4, uint8_t *prefix);

/* The bits of an address that a prefix leaves to hosts. */
static inline uint32_t address_hosts(uint8_t prefix)
{
    return prefix == 0 ? UINT32_MAX : (uint32_t)((UINT64_C(1) << (32 - prefix)) - 1);
}

#endif
