/*
 * probe.c: a kernel guest that does what its command line says, one word after the other, so that a test can
 * try anything a Solo5 hvt guest could. Numbers are decimal or 0x-hexadecimal; `text`, `rodata`, `data`,
 * `bss` and `heap` are addresses of its own. It has no IDT of its own: any exception ends it.
 *
 *   say WORD          writes WORD and a newline           exit N              ends with status N
 *   registers         prints what it was started with     info                prints the boot information
 *   devices           prints the manifest                 control             prints CR0, CR3, CR4, EFER, GDT
 *   read ADDR         prints the byte there               write ADDR          writes a byte there
 *   jump ADDR         calls it                            puts ADDR SIZE      writes to the console
 *   call NR ADDR      makes a hypercall
 *   out PORT SIZE     writes a port                       in PORT             reads a port
 *   wall              prints the seconds since 1970       poll MS             prints what is ready, and for
 * how long send H ADDR SIZE  sends a frame                       receive H ADDR SIZE receives a frame load H
 * OFF ADDR SIZE, store H OFF ADDR SIZE           read and write a block device trap STATUS       ends with a
 * trap frame              hang                runs for ever wait              sleeps for ever
 */
#include <stdint.h>

#include "bivy/abi/hvt.h"
#include "bivy/abi/manifest.h"

/* In the order in which _start stores them. */
struct registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, rflags;
    uint64_t cs, ss, ds, es, fs, gs, tr;
};
struct registers registers;

static const struct hvt_boot_info *boot;
static const char in_rodata[] = "r";
static volatile char in_data = 'd';
static volatile char in_bss;
extern char _end[];

static void hypercall(uint16_t number, const volatile void *arguments)
{
    __asm__ volatile("outl %0, %1"
                     :
                     : "a"((uint32_t)(uintptr_t)arguments), "d"((uint16_t)(HVT_PORT_BASE + number))
                     : "memory");
}

static void write_console(const char *text, long size)
{
    volatile struct hvt_puts puts = {(uint64_t)text, (uint64_t)size};
    hypercall(HVT_HYPERCALL_PUTS, &puts);
}

#include "tests/guest_words.h"

static void halt(int status, const void *cookie)
{
    volatile struct hvt_halt end = {(uint64_t)cookie, status};
    hypercall(HVT_HYPERCALL_HALT, &end);
}

static long parse_place(void)
{
    char text[256];
    next_word(text);
    if (is(text, "text"))
        return (long)&parse;
    if (is(text, "rodata"))
        return (long)in_rodata;
    if (is(text, "data"))
        return (long)&in_data;
    if (is(text, "bss"))
        return (long)&in_bss;
    if (is(text, "heap"))
        return ((long)_end + 4095) & -4096;
    return parse(text);
}

static void show_registers(void)
{
    static const char *const names[] = {"rax ",    "rbx ", "rcx ", "rdx ", "rsi ", "rdi ", "rbp ", "rsp ",
                                        "r8 ",     "r9 ",  "r10 ", "r11 ", "r12 ", "r13 ", "r14 ", "r15 ",
                                        "rflags ", "cs ",  "ss ",  "ds ",  "es ",  "fs ",  "gs ",  "tr "};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        print_number(names[i], (long)((const uint64_t *)&registers)[i]);
}

static void show_control(void)
{
    uint64_t value;
    uint32_t low, high;
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) table;
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    print_number("cr0 ", (long)value);
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    print_number("cr3 ", (long)value);
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    print_number("cr4 ", (long)value);
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0xc0000080u));
    print_number("efer ", (long)low);
    __asm__ volatile("sgdt %0" : "=m"(table));
    print_number("gdt_base ", (long)table.base);
    print_number("gdt_limit ", table.limit);
}

static void show_info(void)
{
    print_number("mem_size ", (long)boot->mem_size);
    print_number("kernel_end ", (long)boot->kernel_end);
    print_number("cpu_cycle_freq ", (long)boot->cpu_cycle_freq);
    print_number("mft ", (long)boot->mft);
    print_number("cmdline ", (long)boot->cmdline);
    print_number("host_features ", boot->host_features);
    print_number("net_ring ", (long)boot->net_ring);
    print("arguments ");
    print((const char *)boot->cmdline);
    print("\n");
}

static void show_devices(void)
{
    const struct mft *manifest = (const struct mft *)boot->mft;
    for (uint32_t i = 1; i < manifest->entries; i++) {
        const struct mft_entry *entry = &manifest->e[i];
        print(entry->name);
        print("\n");
        print_number("attached ", entry->attached);
        if (entry->type == MFT_DEV_BLOCK_BASIC) {
            print_number("capacity ", (long)entry->u.block_basic.capacity);
            print_number("block_size ", entry->u.block_basic.block_size);
        } else {
            print_number("mtu ", entry->u.net_basic.mtu);
            for (int byte = 0; byte < 6; byte++)
                print_number("mac ", entry->u.net_basic.mac[byte]);
        }
    }
}

static void show_wall(void)
{
    volatile struct hvt_walltime wall = {0};
    hypercall(HVT_HYPERCALL_WALLTIME, &wall);
    print_number("seconds ", (long)(wall.nsecs / 1000000000u));
}

static uint64_t cycles(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static void poll(uint64_t ms)
{
    volatile struct hvt_poll poll = {ms * 1000000, 0, -1};
    uint64_t before = cycles();
    hypercall(HVT_HYPERCALL_POLL, &poll);
    print_number("ready ", (long)poll.ready_set);
    print_number("ret ", poll.ret);
    print_number("ms ", (long)((cycles() - before) / (boot->cpu_cycle_freq / 1000)));
}

static void net(uint16_t number)
{
    volatile struct hvt_net_io io = {.handle = (uint64_t)parse_place(), .ret = -1};
    io.data = (uint64_t)parse_place();
    io.len = (uint64_t)parse_place();
    hypercall(number, &io);
    print_number("ret ", io.ret);
    print_number("len ", (long)io.len);
}

static void flood(uint64_t handle)
{
    static char frame[60];
    volatile struct hvt_net_io io = {.handle = handle, .data = (uint64_t)frame, .len = sizeof frame};
    print("ready\n");
    while (io.ret == 0)
        hypercall(HVT_HYPERCALL_NET_WRITE, &io);
    print_number("ret ", io.ret);
}

static void block(uint16_t number)
{
    volatile struct hvt_block_io io = {.handle = (uint64_t)parse_place(), .ret = -1};
    io.offset = (uint64_t)parse_place();
    io.data = (uint64_t)parse_place();
    io.len = (uint64_t)parse_place();
    hypercall(number, &io);
    print_number("ret ", io.ret);
}

static void trap(int status)
{
    static const union {
        struct hvt_trap trap;
        char room[HVT_HALT_COOKIE_SIZE];
    } cookie = {{0x1111, 0x2222, 0x3333, 8, 2, 0x4444, 0x10}};
    halt(status, &cookie);
}

static void out(uint16_t port, long size)
{
    if (size == 1)
        __asm__ volatile("outb %0, %1" : : "a"((uint8_t)0), "d"(port));
    else if (size == 2)
        __asm__ volatile("outw %0, %1" : : "a"((uint16_t)0), "d"(port));
    else
        __asm__ volatile("outl %0, %1" : : "a"(0u), "d"(port));
}

static void run_output(const char *verb)
{
    char text[256];
    if (is(verb, "say")) {
        next_word(text);
        print(text);
        print("\n");
    } else if (is(verb, "puts")) {
        long at = parse_place();
        write_console((const char *)at, parse_place());
    } else if (is(verb, "registers")) {
        show_registers();
    } else if (is(verb, "control")) {
        show_control();
    } else if (is(verb, "info")) {
        show_info();
    } else if (is(verb, "devices")) {
        show_devices();
    } else if (is(verb, "wall")) {
        show_wall();
    }
}

static void run_call(const char *verb)
{
    if (is(verb, "poll")) {
        poll((uint64_t)parse_place());
    } else if (is(verb, "send")) {
        net(HVT_HYPERCALL_NET_WRITE);
    } else if (is(verb, "receive")) {
        net(HVT_HYPERCALL_NET_READ);
    } else if (is(verb, "flood")) {
        flood((uint64_t)parse_place());
    } else if (is(verb, "store")) {
        block(HVT_HYPERCALL_BLOCK_WRITE);
    } else if (is(verb, "load")) {
        block(HVT_HYPERCALL_BLOCK_READ);
    } else if (is(verb, "call")) {
        uint16_t number = (uint16_t)parse_place();
        hypercall(number, (const void *)parse_place());
    } else if (is(verb, "out")) {
        uint16_t port = (uint16_t)parse_place();
        out(port, parse_place());
    } else if (is(verb, "in")) {
        uint32_t value;
        __asm__ volatile("inl %1, %0" : "=a"(value) : "d"((uint16_t)parse_place()));
    }
}

static void run_end(const char *verb)
{
    if (is(verb, "read")) {
        print_number("byte ", *(volatile uint8_t *)parse_place());
    } else if (is(verb, "write")) {
        *(volatile uint8_t *)parse_place() = 1;
    } else if (is(verb, "jump")) {
        long target = parse_place();
        ((void (*)(void))target)();
    } else if (is(verb, "exit")) {
        halt((int)parse_place(), 0);
    } else if (is(verb, "trap")) {
        trap((int)parse_place());
    } else if (is(verb, "hang")) {
        print("ready\n");
        for (;;)
            __asm__ volatile("pause");
    } else if (is(verb, "wait")) {
        volatile struct hvt_poll poll = {1000000000000000, 0, 0};
        print("ready\n");
        for (;;)
            hypercall(HVT_HYPERCALL_POLL, &poll);
    }
}

void probe_main(const struct hvt_boot_info *info);

void probe_main(const struct hvt_boot_info *info)
{
    char verb[256];
    boot = info;
    word = (const char *)info->cmdline;
    while (next_word(verb)) {
        run_output(verb);
        run_call(verb);
        run_end(verb);
    }
    halt(0, 0);
}

#define STORE(name, offset)          "mov %" name ", registers + " offset "(%rip)\n"
#define STORE_SELECTOR(name, offset) "mov %" name ", %eax\nmov %rax, registers + " offset "(%rip)\n"

/* The entry: RSP is 8 below the end of memory, as a call would have left it. */
__asm__(".globl _start\n_start:\n" STORE("rax", "0") STORE("rbx", "8") STORE("rcx", "16") STORE("rdx", "24")
            STORE("rsi", "32") STORE("rdi", "40") STORE("rbp", "48") STORE("rsp", "56") STORE("r8", "64")
                STORE("r9", "72") STORE("r10", "80") STORE("r11", "88") STORE("r12", "96") STORE("r13", "104")
                    STORE("r14", "112")
                        STORE("r15", "120") "pushfq\npop registers + 128(%rip)\n" STORE_SELECTOR("cs", "136")
                            STORE_SELECTOR("ss", "144") STORE_SELECTOR("ds", "152")
                                STORE_SELECTOR("es", "160") STORE_SELECTOR("fs", "168") STORE_SELECTOR(
                                    "gs", "176") "xor %eax, %eax\nstr %eax\nmov %rax, registers + 184(%rip)\n"
                                                 "call probe_main\n");
