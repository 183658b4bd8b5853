/* trap_hvt.c: an exception of a guest in ring 0 is told to its tender, with what the processor said. */
#include "libos/bindings/bindings.h"
#include "libos/bindings/x86_64/cpu_kernel.h"
#include "libos/bindings/x86_64/hypercall.h"

_Static_assert(sizeof(struct cpu_trap) == sizeof(struct hvt_trap), "the frame is the tender's");

void cpu_trapped(const struct cpu_trap *trap)
{
    static struct {
        struct cpu_trap trap;
        uint8_t room[HVT_HALT_COOKIE_SIZE - sizeof(struct cpu_trap)];
    } cookie;

    cookie.trap = *trap;
    hypercall_halt(SOLO5_EXIT_ABORT, &cookie);
}
