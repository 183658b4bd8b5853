/* trampoline.h: the code that removes the tender and starts the guest; see ../enter.h. */
#ifndef TENDER_SPT_X86_64_TRAMPOLINE_H
#define TENDER_SPT_X86_64_TRAMPOLINE_H

#include <stddef.h>
#include <stdint.h>

/* What the trampoline needs, in the order in which trampoline.S takes it. */
struct trampoline_frame {
    uint64_t unmap_start; /* page-aligned */
    uint64_t unmap_end;   /* page-aligned */
    uint64_t program;     /* struct sock_fprog, not within the unmapped range */
    uint64_t entry;       /* the guest's */
    uint64_t stack;       /* the guest's RSP */
    uint64_t boot_info;   /* the guest's RDI */
    uint64_t trampoline;  /* where the code was copied */
};
_Static_assert(offsetof(struct trampoline_frame, trampoline) == 48, "trampoline.S knows these offsets");

/* Position-independent code; copied before it is run. Hidden: found by distance, not through a table of
 * addresses. */
extern const uint8_t trampoline_start[] __attribute__((visibility("hidden")));
extern const uint8_t trampoline_end[] __attribute__((visibility("hidden")));

/* Takes the frame into registers and jumps to the copy. */
void trampoline_jump(const struct trampoline_frame *frame) __attribute__((noreturn));

#endif
