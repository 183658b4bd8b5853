/* start.S: where the kernel starts the tender: the stack holds argc, argv, the environment. */
    .text
    .globl _start
    .type _start, @function
_start:
    xor     %ebp, %ebp
    mov     (%rsp), %edi
    lea     8(%rsp), %rsi
    and     $-16, %rsp
    call    tender_main
    mov     %eax, %edi
    mov     $231, %eax              /* exit_group */
    syscall
    hlt
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
