/*
 * cpu.h: what a virtual machine's guest does to its processor, on x86-64.
 *
 * In ring 3 the tender has done everything (cpu_user.c); in ring 0 the guest does it (cpu_kernel.c). One of
 * the two is linked.
 */
#ifndef BINDINGS_X86_64_CPU_H
#define BINDINGS_X86_64_CPU_H

#include <stdint.h>

/* Before anything else that may fault. */
void cpu_open(void);

/* Sets the thread pointer. */
void cpu_set_tls_base(uintptr_t base);

#endif
