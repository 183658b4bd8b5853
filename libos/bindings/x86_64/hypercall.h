/*
 * hypercall.h: the one instruction by which a virtual machine's guest asks its tender, on x86-64.
 *
 * Arguments are passed by their guest-physical address, which is also their linear address, in 32 bits: guest
 * memory ends at 4 GiB. They are volatile, because the tender reads and writes them behind the compiler's
 * back.
 */
#ifndef BINDINGS_X86_64_HYPERCALL_H
#define BINDINGS_X86_64_HYPERCALL_H

#include <bivy/abi/hvt.h>
#include <stdint.h>

static inline void hypercall(enum hvt_hypercall number, volatile void *arguments)
{
    __asm__ volatile("outl %0, %w1"
                     :
                     : "a"((uint32_t)(uintptr_t)arguments), "d"(HVT_PORT_BASE + (uint32_t)number)
                     : "memory");
}

/* Ends the guest. TRAP describes an exception that ended it (HVT_HALT_COOKIE_SIZE bytes), or is NULL. */
__attribute__((noreturn)) static inline void hypercall_halt(int status, const void *trap)
{
    volatile struct hvt_halt halt = {(uintptr_t)trap, status};

    for (;;)
        hypercall(HVT_HYPERCALL_HALT, &halt);
}

#endif
