/*
 * fault.S: the gates that return: page faults of memory that is not there yet, and interrupts.
 *
 * What the processor does not save is saved here; C code that is called uses general registers only. A page fault
 * that is one goes on to the report of all exceptions as if nothing had been before it.
 */
    .macro save
    .irp register, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
    push %\register
    .endr
    .endm
    .macro restore
    .irp register, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax
    pop %\register
    .endr
    .endm

    .text
    .globl virtio_fault_entry
virtio_fault_entry: /* the stack: error code, and the processor's five words; after `save' the code is 72 up */
    save
    mov %cr2, %rdi
    mov 72(%rsp), %rsi
    mov %rsp, %rax
    and $-16, %rsp
    push %rax
    push %rax
    cld
    call virtio_paging_fault
    pop %rsp
    test %al, %al
    restore
    jz trap_entries + 14 * 16
    add $8, %rsp
    iretq

    .globl virtio_interrupt_entry
virtio_interrupt_entry:
    save
    mov %rsp, %rax
    and $-16, %rsp
    push %rax
    push %rax
    cld
    call virtio_interrupts_serve
    pop %rsp
    restore
    iretq

    .globl virtio_spurious_entry
virtio_spurious_entry: /* nothing happened, and nothing is to be acknowledged */
    iretq

    .section .note.GNU-stack, "", @progbits
