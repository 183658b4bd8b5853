/*
 * machine.h: the state in which a guest's processor starts, and the tables that state points to.
 *
 * There are two kinds of guest. A kernel guest (an image built for Solo5's hvt) starts in ring 0 exactly as
 * the Solo5 ABI facts, sections 2.1 and 2.3, say, with its tables in its own low memory. A user guest (an
 * image whose Bivy note says that it holds no privileged instruction) starts in ring 3: it cannot touch its
 * own machine state, and it runs at native speed where KVM itself runs without hardware support. Its tables
 * lie in a second memory slot, above 4 GiB of guest-physical memory, that no user page maps.
 */
#ifndef TENDER_HVT_MACHINE_H
#define TENDER_HVT_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#include <linux/kvm.h>

/* Guest-physical, and for a user guest also linear, address of the tables' slot. */
#define MACHINE_TABLES_BASE 0x100000000u

/* Bytes of the tables' slot: fixed tables, and page tables for 4 GiB in 2 MiB steps. Untouched pages cost
 * nothing. */
#define MACHINE_TABLES_SIZE (4u << 20)

/* Where a user guest's exception stubs and stack lie: the last pages below the boot information. */
#define MACHINE_STUBS     0xe000u
#define MACHINE_STACK_TOP 0xe000u /* the exception stack is the page below the stubs */

/*
 * An exception stub reports by a 32-bit OUT to this port, whose number fits the instruction, so that the
 * report leaves every register as the fault found it. A guest that uses the port itself only claims to have
 * crashed.
 */
#define MACHINE_PORT_EXCEPTION 0xf4u

#define MACHINE_VECTORS 32u

/* A range of guest memory with one protection. */
struct machine_range {
    uint64_t start, end; /* guest-physical, multiples of 4096 */
    uint32_t flags;      /* PF_R, PF_W, PF_X as in ELF */
};

struct machine_plan {
    uint64_t memory_bytes; /* guest memory as the guest sees it, a multiple of 2 MiB */
    uint64_t mapped_bytes; /* what the page tables cover: memory_bytes and the net ring */
    uint64_t entry;
    uint64_t boot_info; /* passed in RDI */
    uint64_t
        xcr0; /* user guests: the register states that the processor saves (x87, SSE, AVX); 0: no XSAVE */
    const struct machine_range
        *ranges; /* ascending; what they leave out above the image's start is RW data */
    size_t range_count;
    uint64_t guard; /* address of one page that is never mapped (below the stack), or 0 */
};

struct machine_state {
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    struct kvm_xcrs xcrs; /* user guests only; set after sregs */
};

/*
 * Prepares a kernel guest: writes its GDT and page tables into MEMORY (the host's view of guest memory, at
 * least 2 MiB) and fills STATE, whose sregs hold what KVM_GET_SREGS said.
 */
void machine_prepare_kernel(const struct machine_plan *plan, uint8_t *memory, struct machine_state *state);

/*
 * Prepares a user guest: writes GDT, IDT, TSS and page tables into TABLES (MACHINE_TABLES_SIZE zero bytes, to
 * be mapped at MACHINE_TABLES_BASE), the exception stubs into MEMORY, and fills STATE. Returns 0, or -ENOSPC
 * if the plan needs more page tables than the slot holds.
 */
int machine_prepare_user(const struct machine_plan *plan, uint8_t *memory, uint8_t *tables,
                         struct machine_state *state);

/* What the processor pushed before it entered an exception stub, lowest address first. */
struct machine_frame {
    uint64_t vector;     /* pushed by the stub */
    uint64_t error_code; /* pushed by the processor, or 0 by the stub */
    uint64_t rip, cs, rflags, rsp, ss;
};

#endif
