/* cpu_user.c: the processor of a guest in ring 3; see cpu.h. No instruction here is privileged. */
#include "libos/bindings/bindings.h"
#include "libos/bindings/x86_64/cpu.h"
#include "libos/bindings/x86_64/hypercall.h"

/*
 * A Solo5 tender starts guests in ring 0, without the tables that catch their exceptions and without the
 * instruction below: better to say so than to die of a triple fault.
 */
void cpu_open(void)
{
    static const char text[] =
        "bivy: this image is for bivy-hvt, which runs it in ring 3; for other tenders build it "
        "with --target hvt\n";
    volatile struct hvt_puts puts = {(uintptr_t)text, sizeof text - 1};
    uint16_t segment;

    __asm__("mov %%cs, %0" : "=r"(segment));
    if ((segment & 3) != 0)
        return;
    hypercall(HVT_HYPERCALL_PUTS, &puts);
    hypercall_halt(SOLO5_EXIT_FAILURE, NULL);
}

void cpu_set_tls_base(uintptr_t base)
{
    __asm__ volatile("wrfsbase %0" : : "r"(base) : "memory");
}
