/* cc.h: what lwIP asks of the compiler and the C library: all of it the host's own. */
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include <errno.h>
#include <stdint.h>

/* A broken invariant ends the process: its memory can no longer be trusted. */
_Noreturn void stack_fail(const char *why);
uint32_t stack_random(void);

#define LWIP_PLATFORM_ASSERT(why) stack_fail(why)
#define LWIP_PLATFORM_DIAG(parts)                                                                            \
    do {                                                                                                     \
    } while (0)
#define LWIP_RAND() stack_random()

#endif
