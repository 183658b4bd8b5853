/*
 * trap.S: where the gates of exceptions lead in ring 0; see cpu_kernel.c.
 *
 * Each entry makes the stack look the same, an error code of zero where the processor pushes none, and leaves the
 * vector in RDI. CR2 on top of that is the frame that the tender knows.
 */
#define WITH_ERROR 0x60227d00 /* a bit for each vector whose error code the processor pushes */

    .text
    .balign 16
    .globl trap_entries
trap_entries:
    vector = 0
    .rept 32
    .balign 16
    .if ((WITH_ERROR >> vector) & 1) == 0
    push    $0
    .endif
    mov     $vector, %edi
    jmp     trap_common
    vector = vector + 1
    .endr

trap_common:
    mov     %cr2, %rax
    push    %rax
    mov     %rsp, %rsi
    and     $-16, %rsp
    cld
    call    trap_report

    .section .note.GNU-stack, "", @progbits
