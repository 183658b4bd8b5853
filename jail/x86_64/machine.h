/* machine.h: how seccomp sees system calls of this processor. */
#ifndef JAIL_X86_64_MACHINE_H
#define JAIL_X86_64_MACHINE_H

#include <linux/audit.h>

#define FILTER_ARCHITECTURE    AUDIT_ARCH_X86_64
#define FILTER_FOREIGN_NUMBERS 0x40000000u /* x32 calls have this bit, under the same architecture */

#endif
