/*
 * trampoline.S: removes the tender, installs the filter, starts the guest; see trampoline.h.
 *
 * It keeps everything in registers: there is no stack while the old one goes. Unmapping is one call
 * where the kernel lets all mappings go. One that it keeps (a sealed one) makes a call for a range around
 * it fail as a whole: the range is halved after a failure and doubled after a success, down to a page,
 * which is then left as it is.
 */
#include <asm/unistd.h>

#define PAGE        4096
#define SET_FILTER  1 /* SECCOMP_SET_MODE_FILTER */

    .text
    .globl trampoline_jump
    .type trampoline_jump, @function
trampoline_jump:
    mov     (%rdi), %r12            /* start of what is left to unmap */
    mov     8(%rdi), %r13           /* its end */
    mov     16(%rdi), %r15          /* the filter's struct sock_fprog */
    mov     24(%rdi), %rbx          /* the guest's entry point */
    mov     32(%rdi), %rsp
    mov     40(%rdi), %rbp          /* boot information */
    mov     48(%rdi), %rax
    mov     $1, %r14
    shl     $47, %r14               /* the largest range to try: everything */
    jmp     *%rax
    .size trampoline_jump, . - trampoline_jump

    .globl trampoline_start, trampoline_end
trampoline_start:
.Lunmap:
    mov     %r13, %r10
    sub     %r12, %r10              /* r10: the range of this call */
    jbe     .Lconfine
    cmp     %r14, %r10
    cmova   %r14, %r10
    mov     %r12, %rdi
    mov     %r10, %rsi
    mov     $__NR_munmap, %eax
    syscall
    test    %rax, %rax
    jnz     .Lrefused
    add     %r10, %r12
    mov     %r14, %rax
    shr     $46, %rax               /* at 2^46 bytes and more it is large enough */
    jnz     .Lunmap
    add     %r14, %r14
    jmp     .Lunmap
.Lrefused:
    cmp     $PAGE, %r10
    jbe     .Lskip
    mov     %r10, %r14
    shr     $1, %r14
    and     $-PAGE, %r14
    jmp     .Lunmap
.Lskip:
    add     %r10, %r12
    jmp     .Lunmap

.Lconfine:
    mov     $__NR_seccomp, %eax
    mov     $SET_FILTER, %edi
    xor     %esi, %esi
    mov     %r15, %rdx
    syscall
    test    %rax, %rax
    jnz     .Lfail

    /* The guest finds nothing of the tender in its registers. */
    mov     %rbp, %rdi
    mov     %rbx, %rax
    xor     %ebx, %ebx
    xor     %ecx, %ecx
    xor     %edx, %edx
    xor     %esi, %esi
    xor     %ebp, %ebp
    xor     %r8d, %r8d
    xor     %r9d, %r9d
    xor     %r10d, %r10d
    xor     %r11d, %r11d
    xor     %r12d, %r12d
    xor     %r13d, %r13d
    xor     %r14d, %r14d
    xor     %r15d, %r15d
    cld
    jmp     *%rax

.Lfail:
    mov     $__NR_exit_group, %eax
    mov     $1, %edi
    syscall
    hlt
trampoline_end:

    .section .note.GNU-stack, "", @progbits
