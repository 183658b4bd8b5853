/*
 * machine_kernel.c: the start of a kernel guest, bit for bit what a Solo5 hvt guest expects.
 *
 * Source: the Solo5 ABI facts, sections 2.1 (low memory, page tables) and 2.3 (registers).
 */
#include "machine.h"

#include "bivy/abi/hvt.h"

#define GDT_ADDRESS  0x1000u
#define PML4_ADDRESS 0x2000u
#define PDPT_ADDRESS 0x3000u
#define PD_ADDRESS   0x4000u
#define PT0_ADDRESS  0x8000u

#define PTE_PRESENT  1ull
#define PTE_WRITABLE 2ull
#define PTE_LARGE    0x80ull

#define PAGE_SIZE  4096ull
#define LARGE_SIZE (2ull << 20)

#define CODE_DESCRIPTOR 0x00af99000000ffffull
#define DATA_DESCRIPTOR 0x00cf93000000ffffull

static uint64_t *table_at(uint8_t *memory, uint64_t address)
{
    return (uint64_t *)(void *)(memory + address);
}

/* The first 2 MiB in small pages: nothing below the boot information, read-only up to the image. */
static void map_low_memory(uint8_t *memory)
{
    uint64_t *pt = table_at(memory, PT0_ADDRESS);
    for (uint64_t address = HVT_BOOT_INFO; address < LARGE_SIZE; address += PAGE_SIZE)
        pt[address / PAGE_SIZE] = address | PTE_PRESENT | (address < HVT_GUEST_MIN ? 0 : PTE_WRITABLE);
}

static void map_memory(const struct machine_plan *plan, uint8_t *memory)
{
    uint64_t *pd = table_at(memory, PD_ADDRESS); /* four directories, one after the other: 4 GiB */
    table_at(memory, PML4_ADDRESS)[0] = PDPT_ADDRESS | PTE_PRESENT | PTE_WRITABLE;
    for (uint64_t i = 0; i < 4; i++)
        table_at(memory, PDPT_ADDRESS)[i] = (PD_ADDRESS + i * PAGE_SIZE) | PTE_PRESENT | PTE_WRITABLE;
    pd[0] = PT0_ADDRESS | PTE_PRESENT | PTE_WRITABLE;
    for (uint64_t address = LARGE_SIZE; address < plan->mapped_bytes; address += LARGE_SIZE)
        pd[address / LARGE_SIZE] = address | PTE_PRESENT | PTE_WRITABLE | PTE_LARGE;
    map_low_memory(memory);
}

void machine_prepare_kernel(const struct machine_plan *plan, uint8_t *memory, struct machine_state *state)
{
    uint64_t *gdt = table_at(memory, GDT_ADDRESS);
    gdt[1] = CODE_DESCRIPTOR;
    gdt[2] = DATA_DESCRIPTOR;
    map_memory(plan, memory);

    struct kvm_sregs *s = &state->sregs;
    s->cr0 = 0x80010021; /* PG, WP, NE, PE */
    s->cr3 = PML4_ADDRESS;
    s->cr4 = 0x620;  /* PAE, OSFXSR, OSXMMEXCPT */
    s->efer = 0x500; /* LME, LMA */
    s->gdt = (struct kvm_dtable){.base = GDT_ADDRESS, .limit = 23};
    s->idt = (struct kvm_dtable){0};
    s->cs = (struct kvm_segment){
        .selector = 8, .limit = 0xffffffff, .type = 9, .present = 1, .s = 1, .l = 1, .g = 1};
    struct kvm_segment data = {
        .selector = 0x10, .limit = 0xffffffff, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1};
    s->ss = s->ds = s->es = s->fs = s->gs = data;
    s->tr = (struct kvm_segment){.type = 11, .present = 1};
    s->ldt = (struct kvm_segment){.unusable = 1};
    state->regs = (struct kvm_regs){
        .rip = plan->entry, .rsp = plan->memory_bytes - 8, .rdi = plan->boot_info, .rflags = 2};
}
