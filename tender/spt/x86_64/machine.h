/* machine.h: what the process tender must know of this processor. */
#ifndef TENDER_SPT_X86_64_MACHINE_H
#define TENDER_SPT_X86_64_MACHINE_H

#include <asm/prctl.h>
#include <sys/syscall.h>

/* How a guest sets its thread pointer. */
#define RULES_TLS_CALL SYS_arch_prctl
#define RULES_TLS_SET  ARCH_SET_FS

/* The tender is linked here (tender/meson.build says the same): above any guest, below the kernel's own
 * mappings. */
#define ENTER_TENDER_BASE 0x200000000000u

/* One past the last address a process can have mapped. */
#define ENTER_ADDRESS_END 0x7ffffffff000u

#endif
