/* processor.c: see processor.h. Source: Intel SDM volume 1, 13.3; volume 3, 2.5. */
#include "libos/bindings/virtio/x86_64/processor.h"

#include "libos/bindings/virtio/x86_64/port.h"
#include "libos/bindings/x86_64/cpu_kernel.h"

#define VECTOR_PAGE_FAULT 14
#define CPUID_XSAVE       (1u << 26)
#define CPUID_FSGSBASE    1u
#define CR4_FSGSBASE      0x10000u
#define CR4_OSXSAVE       0x40000u
#define STATE_AVX         7u    /* x87, SSE, AVX */
#define STATE_AVX512      0xe0u /* its three parts, together or not at all */

/* fault.S: */
extern const uint8_t virtio_fault_entry[];

static void cr4_add(uint64_t bits)
{
    uint64_t value;

    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    __asm__ volatile("mov %0, %%cr4" : : "r"(value | bits) : "memory");
}

static void state_open(void)
{
    uint32_t known = cpuid(0xd, 0).a, wanted = known & STATE_AVX;

    if (wanted == STATE_AVX && (known & STATE_AVX512) == STATE_AVX512)
        wanted |= STATE_AVX512;
    cr4_add(CR4_OSXSAVE);
    __asm__ volatile("xsetbv" : : "c"(0), "a"(wanted), "d"(0));
}

void virtio_processor_open(void)
{
    cpu_set_gate(VECTOR_PAGE_FAULT, virtio_fault_entry, CPU_STACK_TRAP);
    if (cpuid(1, 0).c & CPUID_XSAVE)
        state_open();
    if (cpuid(0, 0).a >= 7 && (cpuid(7, 0).b & CPUID_FSGSBASE))
        cr4_add(CR4_FSGSBASE);
}
