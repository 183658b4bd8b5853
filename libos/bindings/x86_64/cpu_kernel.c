/*
 * cpu_kernel.c: the processor of a guest in ring 0; see cpu.h and cpu_kernel.h.
 *
 * Whoever starts the guest leaves a flat GDT and no IDT. Exceptions get gates here, all on one stack of their
 * own, so that an overflow of the guest's stack is told as well; none of them is survived. Source: the Solo5
 * ABI facts, sections 2.3 and 2.4.
 */
#include "libos/bindings/x86_64/cpu_kernel.h"
#include "libos/bindings/bindings.h"
#include "libos/bindings/x86_64/cpu.h"

#define EXCEPTIONS    32u
#define CODE_SELECTOR 8u
#define TSS_SELECTOR  24u
#define FS_BASE       0xc0000100u

struct descriptor_table {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

struct gate {
    uint64_t low, high;
};

struct task_state {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2;
    uint16_t reserved3, iomap;
} __attribute__((packed));
_Static_assert(sizeof(struct task_state) == 104, "task state segment");

uint64_t cpu_gdt[5] = {0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0, 0};
static struct gate idt[CPU_VECTORS];
static struct task_state task;
static uint8_t trap_stack[4096] __attribute__((aligned(16)));

void trap_report(uint64_t vector, const struct cpu_trap *frame) __attribute__((noreturn));

void cpu_set_gate(uint8_t vector, const void *entry, enum cpu_stack stack)
{
    uint64_t address = (uintptr_t)entry;

    if (vector >= CPU_VECTORS)
        return;
    idt[vector].low = (address & 0xffff) | (uint64_t)CODE_SELECTOR << 16 | (uint64_t)stack << 32 |
                      0x8eull << 40 | (address >> 16 & 0xffff) << 48;
    idt[vector].high = address >> 32;
}

static void set_task(void)
{
    uint64_t base = (uintptr_t)&task;

    task.ist[0] = (uintptr_t)trap_stack + sizeof trap_stack;
    task.iomap = sizeof task;
    cpu_gdt[3] = (sizeof task - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    cpu_gdt[4] = base >> 32;
}

void cpu_open(void)
{
    const struct descriptor_table gdt_register = {sizeof cpu_gdt - 1, (uintptr_t)cpu_gdt};
    const struct descriptor_table idt_register = {sizeof idt - 1, (uintptr_t)idt};

    for (uint8_t vector = 0; vector < EXCEPTIONS; vector++)
        cpu_set_gate(vector, trap_entries + vector * TRAP_SIZE, CPU_STACK_TRAP);
    set_task();
    /* The selectors in use keep their numbers and their meaning. */
    __asm__ volatile("lgdt %0\n\tlidt %1\n\tltr %w2"
                     :
                     : "m"(gdt_register), "m"(idt_register), "r"(TSS_SELECTOR)
                     : "memory");
}

void cpu_set_tls_base(uintptr_t base)
{
    __asm__ volatile("wrmsr" : : "c"(FS_BASE), "a"((uint32_t)base), "d"((uint32_t)(base >> 32)) : "memory");
}

static char *add_hex(char *to, const char *label, uint64_t number)
{
    int shift = 60;

    while (*label)
        *to++ = *label++;
    while (shift > 0 && number >> shift == 0)
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        *to++ = "0123456789abcdef"[number >> shift & 15];
    return to;
}

void trap_report(uint64_t vector, const struct cpu_trap *frame)
{
    static char line[256];
    char *end = add_hex(line, "bivy: exception 0x", vector);

    end = add_hex(end, " error=0x", frame->error_code);
    end = add_hex(end, " rip=0x", frame->rip);
    end = add_hex(end, " rsp=0x", frame->rsp);
    end = add_hex(end, " cr2=0x", frame->cr2);
    *end++ = '\n';
    *end = '\0';
    bindings_log(BINDINGS_ERROR, line);
    cpu_trapped(frame);
}
