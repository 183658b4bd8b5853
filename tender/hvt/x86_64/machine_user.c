/*
 * machine_user.c: the start of a user guest, in ring 3 from its first instruction.
 *
 * The values are those that behave the same on hardware-assisted KVM and on KVM without hardware support:
 * selectors as Linux uses them for user code, an I/O bitmap and IOPL 3 both (one host honours only the
 * former, one only the latter), every exception on its own stack, stubs that report by OUT so that the guest
 * holds no handler.
 */
#include "machine.h"

#include "bivy/abi/hvt.h"

#include <elf.h>
#include <errno.h>

#define PAGE_SIZE  4096ull
#define LARGE_SIZE (2ull << 20)

#define PTE_PRESENT  1ull
#define PTE_WRITABLE 2ull
#define PTE_USER     4ull
#define PTE_LARGE    0x80ull
#define PTE_NX       (1ull << 63)
#define PTE_BRANCH   (PTE_PRESENT | PTE_WRITABLE | PTE_USER)

/* Selectors of Linux's user segments: a host that runs guests beside itself need not translate them. */
#define CS_SELECTOR 0x33u
#define DS_SELECTOR 0x2bu
#define TR_SELECTOR 0x40u

#define USER_CODE_DESCRIPTOR 0x00affb000000ffffull
#define USER_DATA_DESCRIPTOR 0x00cff3000000ffffull

#define CR4_OSXSAVE 0x40000u

/* Offsets within the tables' slot. */
#define GDT_OFFSET  0x0000u
#define IDT_OFFSET  0x1000u
#define TSS_OFFSET  0x2000u
#define PML4_OFFSET 0x3000u
#define POOL_OFFSET 0x4000u

#define GDT_SIZE          0x50u
#define TSS_BITMAP        0x68u /* directly after the TSS proper */
#define TSS_IST1          0x24u
#define TSS_LIMIT         (TSS_BITMAP + (HVT_PORT_KICK / 8u) + 2u)
#define LAST_HYPERCALL    HVT_HYPERCALL_HALT
#define STUB_SIZE         32u
#define VECTOR_BREAKPOINT 3u

/* Vectors for which the processor pushes an error code. */
#define VECTORS_WITH_ERROR 0x60227d00u

/* The page tables under construction. */
struct tables {
    uint8_t *host;  /* the slot */
    uint64_t *pml4; /* in it */
    uint32_t next;  /* offset of the next free page of the pool */
};

static uint64_t *table_new(struct tables *tables, uint64_t *entry, uint64_t flags)
{
    if (tables->next + PAGE_SIZE > MACHINE_TABLES_SIZE)
        return NULL;
    uint64_t *table = (uint64_t *)(void *)(tables->host + tables->next);
    *entry = (MACHINE_TABLES_BASE + tables->next) | flags;
    tables->next += (uint32_t)PAGE_SIZE;
    return table;
}

static uint64_t *table_below(struct tables *tables, uint64_t *entry)
{
    if (*entry & PTE_PRESENT)
        return (uint64_t *)(void *)(tables->host + ((*entry & ~PTE_NX & ~0xfffull) - MACHINE_TABLES_BASE));
    return table_new(tables, entry, PTE_BRANCH);
}

/* The directory entry (2 MiB) for ADDRESS, its upper tables made on the way; NULL if the pool is used up. */
static uint64_t *directory_entry(struct tables *tables, uint64_t address)
{
    uint64_t *pdpt = table_below(tables, &tables->pml4[(address >> 39) & 511]);
    if (pdpt == NULL)
        return NULL;
    uint64_t *pd = table_below(tables, &pdpt[(address >> 30) & 511]);
    return pd == NULL ? NULL : &pd[(address >> 21) & 511];
}

static int map_page(struct tables *tables, uint64_t address, uint64_t flags)
{
    uint64_t *entry = directory_entry(tables, address);
    if (entry == NULL)
        return -ENOSPC;
    uint64_t *pt = table_below(tables, entry);
    if (pt == NULL)
        return -ENOSPC;
    pt[(address >> 12) & 511] = flags == 0 ? 0 : address | flags;
    return 0;
}

static uint64_t leaf_flags(uint32_t segment_flags)
{
    return PTE_PRESENT | PTE_USER | (segment_flags & PF_W ? PTE_WRITABLE : 0) |
           (segment_flags & PF_X ? 0 : PTE_NX);
}

static int map_range(struct tables *tables, uint64_t start, uint64_t end, uint64_t flags)
{
    int result = 0;
    while (start < end && result == 0) {
        if (start % LARGE_SIZE == 0 && end - start >= LARGE_SIZE) {
            uint64_t *entry = directory_entry(tables, start);
            if (entry == NULL)
                return -ENOSPC;
            *entry = start | flags | PTE_LARGE;
            start += LARGE_SIZE;
        } else {
            result = map_page(tables, start, flags);
            start += PAGE_SIZE;
        }
    }
    return result;
}

/* Image segments as they say; between, after and around them plain data, as a guest's heap needs it. */
static int map_image(struct tables *tables, const struct machine_plan *plan)
{
    const uint64_t data = leaf_flags(PF_R | PF_W);
    uint64_t at = HVT_GUEST_MIN;
    int result = 0;
    for (size_t i = 0; i < plan->range_count && result == 0; i++) {
        const struct machine_range *range = &plan->ranges[i];
        result = map_range(tables, at, range->start, data);
        if (result == 0)
            result = map_range(tables, range->start, range->end, leaf_flags(range->flags));
        at = range->end;
    }
    if (result < 0)
        return result;
    if (plan->guard == 0)
        return map_range(tables, at, plan->mapped_bytes, data);
    result = map_range(tables, at, plan->guard, data);
    return result < 0 ? result : map_range(tables, plan->guard + PAGE_SIZE, plan->mapped_bytes, data);
}

/* Boot information, manifest and command line: the guest reads them, and may write its copy of the manifest.
 */
static int map_low_memory(struct tables *tables)
{
    int result = map_range(tables, HVT_BOOT_INFO, HVT_GUEST_MIN, leaf_flags(PF_R | PF_W));
    if (result == 0)
        result = map_page(tables, MACHINE_STUBS, leaf_flags(PF_R | PF_X));
    if (result == 0)
        result = map_page(tables, MACHINE_STACK_TOP - PAGE_SIZE, leaf_flags(PF_R | PF_W));
    return result;
}

/* The processor reads GDT, IDT and TSS by linear address; supervisor pages, so that ring 3 does not. */
static int map_tables(struct tables *tables)
{
    int result = 0;
    for (uint64_t offset = 0; offset < PML4_OFFSET && result == 0; offset += PAGE_SIZE)
        result = map_page(tables, MACHINE_TABLES_BASE + offset, PTE_PRESENT | PTE_WRITABLE | PTE_NX);
    return result;
}

static void write_gdt(uint8_t *tables)
{
    uint64_t *gdt = (uint64_t *)(void *)(tables + GDT_OFFSET);
    uint64_t tss = MACHINE_TABLES_BASE + TSS_OFFSET;
    gdt[CS_SELECTOR / 8] = USER_CODE_DESCRIPTOR;
    gdt[DS_SELECTOR / 8] = USER_DATA_DESCRIPTOR;
    gdt[TR_SELECTOR / 8] = TSS_LIMIT | (tss & 0xffffff) << 16 | 0x8bull << 40 | (tss >> 24 & 0xff) << 56;
    gdt[TR_SELECTOR / 8 + 1] = tss >> 32;
}

static void write_idt(uint8_t *tables)
{
    uint64_t *idt = (uint64_t *)(void *)(tables + IDT_OFFSET);
    for (uint64_t vector = 0; vector < MACHINE_VECTORS; vector++) {
        uint64_t stub = MACHINE_STUBS + vector * STUB_SIZE;
        /* A user's own int3 must pass the gate's privilege check. */
        uint64_t privilege = vector == VECTOR_BREAKPOINT ? 3 : 0;
        idt[vector * 2] = (stub & 0xffff) | (uint64_t)CS_SELECTOR << 16 | 1ull << 32 /* IST 1 */ |
                          (0x8eull | privilege << 5) << 40 | (stub >> 16 & 0xffff) << 48;
        idt[vector * 2 + 1] = stub >> 32;
    }
}

static void allow_port(uint8_t *bitmap, uint32_t first, uint32_t count)
{
    for (uint32_t port = first; port < first + count; port++)
        bitmap[port / 8] &= (uint8_t) ~(1u << (port % 8));
}

static void write_tss(uint8_t *tables)
{
    uint8_t *tss = tables + TSS_OFFSET;
    uint8_t *bitmap = tss + TSS_BITMAP;
    const uint64_t stack = MACHINE_STACK_TOP;
    __builtin_memcpy(tss + TSS_IST1, &stack, sizeof stack); /* the TSS has its fields 4 bytes off */
    *(uint16_t *)(void *)(tss + 0x66) = TSS_BITMAP;
    for (uint32_t i = 0; i <= TSS_LIMIT - TSS_BITMAP; i++)
        bitmap[i] = 0xff;
    /* A 32-bit access needs the bits of four ports. */
    allow_port(bitmap, HVT_PORT_BASE, LAST_HYPERCALL + 4);
    allow_port(bitmap, HVT_PORT_KICK, 4);
    allow_port(bitmap, MACHINE_PORT_EXCEPTION, 4);
}

/*
 * Each stub pushes a zero where the processor pushes no error code, then its vector, and tells it by OUT. The
 * tender never resumes it; the jump to itself is for a host that would.
 */
static void write_stubs(uint8_t *memory)
{
    for (uint32_t vector = 0; vector < MACHINE_VECTORS; vector++) {
        uint8_t *p = memory + MACHINE_STUBS + vector * STUB_SIZE;
        if (!(VECTORS_WITH_ERROR >> vector & 1)) {
            *p++ = 0x6a; /* push 0 */
            *p++ = 0;
        }
        *p++ = 0x6a; /* push vector */
        *p++ = (uint8_t)vector;
        *p++ = 0xe7; /* out port, eax */
        *p++ = MACHINE_PORT_EXCEPTION;
        *p++ = 0xeb; /* jmp . */
        *p++ = 0xfe;
    }
}

static void set_segments(struct kvm_sregs *s)
{
    s->cs = (struct kvm_segment){.selector = CS_SELECTOR,
                                 .limit = 0xffffffff,
                                 .type = 11,
                                 .present = 1,
                                 .dpl = 3,
                                 .s = 1,
                                 .l = 1,
                                 .g = 1};
    struct kvm_segment data = {.selector = DS_SELECTOR,
                               .limit = 0xffffffff,
                               .type = 3,
                               .present = 1,
                               .dpl = 3,
                               .s = 1,
                               .db = 1,
                               .g = 1};
    s->ss = s->ds = s->es = s->fs = s->gs = data;
    s->tr = (struct kvm_segment){.base = MACHINE_TABLES_BASE + TSS_OFFSET,
                                 .limit = TSS_LIMIT,
                                 .selector = TR_SELECTOR,
                                 .type = 11,
                                 .present = 1};
    s->ldt = (struct kvm_segment){.unusable = 1};
}

static void set_registers(const struct machine_plan *plan, struct machine_state *state)
{
    struct kvm_sregs *s = &state->sregs;
    s->cr0 = 0x80010033; /* PG, WP, NE, ET, MP, PE */
    s->cr3 = MACHINE_TABLES_BASE + PML4_OFFSET;
    s->cr4 = 0x10620; /* FSGSBASE, OSXMMEXCPT, OSFXSR, PAE */
    if (plan->xcr0 != 0)
        s->cr4 |= CR4_OSXSAVE;
    s->efer = 0xd00; /* NXE, LMA, LME; no SYSCALL */
    s->gdt = (struct kvm_dtable){.base = MACHINE_TABLES_BASE + GDT_OFFSET, .limit = GDT_SIZE - 1};
    s->idt = (struct kvm_dtable){.base = MACHINE_TABLES_BASE + IDT_OFFSET, .limit = MACHINE_VECTORS * 16 - 1};
    set_segments(s);
    state->xcrs = (struct kvm_xcrs){.nr_xcrs = plan->xcr0 != 0, .xcrs = {{.xcr = 0, .value = plan->xcr0}}};
    state->regs = (struct kvm_regs){.rip = plan->entry,
                                    .rsp = plan->memory_bytes - 8,
                                    .rdi = plan->boot_info,
                                    .rflags = 0x3002}; /* IOPL 3 */
}

int machine_prepare_user(const struct machine_plan *plan, uint8_t *memory, uint8_t *slot,
                         struct machine_state *state)
{
    struct tables tables = {
        .host = slot, .pml4 = (uint64_t *)(void *)(slot + PML4_OFFSET), .next = POOL_OFFSET};
    write_gdt(slot);
    write_idt(slot);
    write_tss(slot);
    write_stubs(memory);
    int result = map_low_memory(&tables);
    if (result == 0)
        result = map_image(&tables, plan);
    if (result == 0)
        result = map_tables(&tables);
    set_registers(plan, state);
    return result;
}
