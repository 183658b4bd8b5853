/*
 * start.S: where a tender jumps to.
 *
 * RDI holds the address of the boot information and RSP is 8 below the end of memory, which is
 * exactly what a function that was called finds (Solo5 ABI facts, sections 2.3 and 3): nothing has to be
 * set up here but the end of the frame chain, for backtraces.
 */
    .text
    .globl _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
    jmp bindings_start
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
