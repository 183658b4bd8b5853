/*
 * cpu_kernel.h: what targets in ring 0 share of their processor's tables, on x86-64.
 *
 * The tables and the report of an exception are the same under every tender; who is told of the end is not.
 */
#ifndef BINDINGS_X86_64_CPU_KERNEL_H
#define BINDINGS_X86_64_CPU_KERNEL_H

#include <stdint.h>

#define CPU_VECTORS 48u /* exceptions, and a few interrupts behind them */

/* What lies on the stack of an exception's gate: CR2 by trap.S, the rest by the processor. */
struct cpu_trap {
    uint64_t cr2, error_code, rip, cs, rflags, rsp, ss;
};

/* Which stack a gate switches to. */
enum cpu_stack {
    CPU_STACK_SAME = 0, /* none: only where interrupts are awaited */
    CPU_STACK_TRAP = 1
};

/* Null, code at selector 8, data at selector 16, the task's two. */
extern uint64_t cpu_gdt[5];

/* trap.S: where each exception's gate leads, TRAP_SIZE bytes apart. */
extern const uint8_t trap_entries[];
#define TRAP_SIZE 16u

/* Leads VECTOR (below CPU_VECTORS) to ENTRY; interrupts are off there. */
void cpu_set_gate(uint8_t vector, const void *entry, enum cpu_stack stack);

/* Provided by each target: ends the guest after an exception that has been reported on the console. */
void cpu_trapped(const struct cpu_trap *trap) __attribute__((noreturn));

#endif
