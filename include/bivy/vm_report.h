/*
 * vm_report.h: what the VM tender tells whoever traces it, and is told.
 *
 * The tender writes struct vm_report at an address of its own memory that everybody knows; its tracer reads
 * it there (/proc/PID/mem) when the tender stops: at its exit, or, with --debug, at a breakpoint instruction
 * that the tender executes after it has filled the report in. So a debugger needs no descriptor in the jail
 * and no system call. Guest memory lies at VM_MEMORY in the same way.
 */
#ifndef BIVY_VM_REPORT_H
#define BIVY_VM_REPORT_H

#include <stddef.h>
#include <stdint.h>

#define VM_MEMORY 0x100000000000ull /* guest-physical address 0 in the tender */
#define VM_REPORT 0x180000000000ull /* struct vm_report in the tender */

enum vm_report_kind {
    VM_NOTHING,     /* nothing has happened yet */
    VM_ENTRY,       /* before the guest's first instruction */
    VM_EXCEPTION,   /* of the processor, in a user guest: vector, error_code, fault_address */
    VM_TRAP,        /* a guest handed in its trap frame: error_code, fault_address */
    VM_BROKEN,      /* the guest did what no guest may; the tender's message says what */
    VM_HALT,        /* the guest ended with 255 */
    VM_DEBUG,       /* a breakpoint or a step of the processor, in a kernel guest */
    VM_INTERRUPTED, /* because the tracer set interrupt */
    VM_CALL         /* a hypercall was served, or HALT is about to be: call */
};

/* The order is the kernel's struct kvm_regs. */
struct vm_registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rip, rflags;
};

#define VM_CALL_KICK  0u /* as a number of a call: the guest told of entries in its ring */
#define VM_CALL_WORDS 5u

struct vm_call {
    uint32_t number;  /* enum hvt_hypercall, VM_CALL_KICK; of an entry of the ring, what it means */
    uint32_t in_ring; /* 1: an entry of the ring, which made no exit */
    uint64_t before[VM_CALL_WORDS]; /* the arguments as the guest passed them: struct hvt_... */
    uint64_t after[VM_CALL_WORDS];  /* and with the results */
    uint64_t start_ns, end_ns;      /* CLOCK_MONOTONIC */
};

#define VM_BREAKPOINTS 4u

/* How a tender that has stopped goes on. */
enum vm_resume {
    VM_END, /* as it would without a tracer: a guest that crashed ends */
    VM_GO,  /* on at registers */
    VM_STEP /* one instruction; then VM_EXCEPTION of vector 1, or VM_DEBUG */
};

struct vm_report {
    uint32_t kind;   /* enum vm_report_kind */
    uint32_t user;   /* 1: the guest runs in ring 3 */
    uint32_t vector; /* of the exception */
    uint32_t cs, ss, ds;
    uint64_t error_code, fault_address, fs_base, gs_base;
    struct vm_registers registers;
    struct vm_call call;
    /* By the tracer, before it lets a tender go on that has stopped. */
    uint32_t resume;           /* enum vm_resume */
    uint32_t set_registers;    /* 1: registers were changed */
    uint32_t breakpoint_count; /* of a kernel guest: in hardware */
    uint64_t breakpoints[VM_BREAKPOINTS];
    /* By the tracer at any time: stop as soon as the guest is left. */
    uint32_t interrupt;
};
_Static_assert(sizeof(struct vm_report) <= 4096, "one page");

#endif
