/*
 * pvh.S: where a machine enters an image for virtio: the PVH protocol.
 *
 * The processor is in protected mode without paging, in flat segments, and EBX holds the physical address of the
 * start information. From here to 64-bit code on a map of the first GiB; C does the rest, and makes the map in
 * which the program runs. The uninitialised data is cleared, because a machine that was reset starts the same image
 * in memory that was used.
 */
#define PAGE_PRESENT_WRITE 0x3
#define PAGE_LARGE         0x80
#define CR0_PG_WP_NE_MP_PE 0x80010023
#define CR4_SSE_PAE        0x620 /* OSXMMEXCPT, OSFXSR, PAE */
#define EFER               0xc0000080
#define EFER_NXE_LME       0x900
#define BOOT_STACK         16384

    /* Note 18 of Xen: where such a machine enters. Loaders read its value as 4 or as 8 bytes. */
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad _start

    .text
    .code32
    .globl _start
    .type _start, @function
_start:
    cli
    cld
    movl %ebx, %ebp
    movl $bivy_bss_start, %edi
    movl $_end, %ecx
    subl %edi, %ecx
    xorl %eax, %eax
    rep stosb

    movl $boot_tables + 0x1000 + PAGE_PRESENT_WRITE, boot_tables
    movl $boot_tables + 0x2000 + PAGE_PRESENT_WRITE, boot_tables + 0x1000
    movl $PAGE_PRESENT_WRITE + PAGE_LARGE, %eax
    movl $boot_tables + 0x2000, %edi
1:  movl %eax, (%edi)
    addl $8, %edi
    addl $0x200000, %eax
    cmpl $0x40000000, %eax
    jb 1b

    movl $boot_tables, %eax
    movl %eax, %cr3
    movl $CR4_SSE_PAE, %eax
    movl %eax, %cr4
    movl $EFER, %ecx
    rdmsr
    orl $EFER_NXE_LME, %eax
    wrmsr
    movl $CR0_PG_WP_NE_MP_PE, %eax
    movl %eax, %cr0
    lgdt boot_gdt
    ljmp $8, $boot_long

    .code64
boot_long:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl $boot_stack + BOOT_STACK, %esp
    movl %ebp, %edi
    xorl %ebp, %ebp
    call virtio_start
    .size _start, . - _start

    /* virtio_machine_enter(stack, boot): leaves the stack of the start for the program's. */
    .globl virtio_machine_enter
    .type virtio_machine_enter, @function
virtio_machine_enter:
    leaq -8(%rdi), %rsp
    movq %rsi, %rdi
    xorl %ebp, %ebp
    jmp bindings_start
    .size virtio_machine_enter, . - virtio_machine_enter

    .section .rodata.boot_gdt, "a"
    .balign 4
boot_gdt:
    .word 39
    .long cpu_gdt

    .section .bss.boot, "aw", @nobits
    .balign 4096
boot_tables:
    .skip 3 * 4096
boot_stack:
    .skip BOOT_STACK

    .section .note.GNU-stack, "", @progbits
