/* cc.h: what lwIP asks of the compiler and the platform; the C library answers most of it. */
#ifndef LIBOS_NET_ARCH_CC_H
#define LIBOS_NET_ARCH_CC_H

#include <stddef.h>
#include <stdint.h>

/* A random number, from random_fill(). */
uint32_t net_random(void);

/* lwIP found its own state impossible: prints WHAT and ends the unikernel. */
void net_assertion_failed(const char *what) __attribute__((noreturn));

/* The Internet checksum (not complemented, in network order) of SIZE bytes. */
uint16_t net_checksum(const void *data, int size);

#define LWIP_RAND() net_random()
#define LWIP_PLATFORM_DIAG(x)                                                                                \
    do {                                                                                                     \
    } while (0)
#define LWIP_PLATFORM_ASSERT(x) net_assertion_failed(x)
#define LWIP_CHKSUM             net_checksum

#endif
