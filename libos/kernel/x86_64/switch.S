/*
 * switch.S: from one thread's stack to another's, x86-64.
 *
 * Saved is what a called function must preserve (System V ABI, AMD64, section 3.2.1): six registers and
 * the control words of both floating-point units. The rest is the caller's to save.
 */
    .section .text.sched_switch, "ax", @progbits
    .globl sched_switch
    .type sched_switch, @function
sched_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    fldcw 4(%rsp)
    ldmxcsr (%rsp)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size sched_switch, . - sched_switch

/* Where a new thread begins: its function in rbx, the argument in r12; see sched_prepare(). */
    .section .text.sched_begin, "ax", @progbits
    .globl sched_begin
    .type sched_begin, @function
sched_begin:
    movq %rbx, %rdi
    movq %r12, %rsi
    xorl %ebp, %ebp
    call sched_first
    ud2
    .size sched_begin, . - sched_begin

    .section .text.sched_tls_base, "ax", @progbits
    .globl sched_tls_base
    .type sched_tls_base, @function
sched_tls_base:
    movq %fs:0, %rax
    ret
    .size sched_tls_base, . - sched_tls_base

    .section .note.GNU-stack, "", @progbits
