/*
 * probe.c: a process guest that does what its command line says, one word after the other, so that a test
 * can try anything a guest could. Numbers are decimal or 0x-hexadecimal; `text`, `rodata`, `data`, `bss`
 * and `heap` are addresses of its own.
 *
 *   say WORD        writes WORD and a newline          exit N          ends with status N
 *   call NR A B C D prints what the system call gives  info            prints the boot information
 *   read ADDR       prints the byte there              write ADDR      writes a byte there
 *   jump ADDR       calls it                           wait            sleeps for ever
 *   sleep MS        sleeps by the timer                echo            sends every frame back until "quit"
 *   block HANDLE    writes and reads the last block    devices         prints the manifest
 *   ret ADDR        writes a RET instruction there     receive         prints the size of the next frame
 */
#include <stdint.h>

#include "bivy/abi/manifest.h"
#include "bivy/abi/spt.h"

static const struct spt_boot_info *boot;
static const char in_rodata[] = "r";
static volatile char in_data = 'd';
static volatile char in_bss;
extern char _end[];

static long call(long number, long a, long b, long c, long d)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = 0;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

static void write_console(const char *text, long size)
{
    call(1, 1, (long)text, size, 0);
}

#include "tests/guest_words.h"

static long next_number(void)
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

static struct mft *manifest(void)
{
    return (struct mft *)boot->mft;
}

static void show_info(void)
{
    print_number("mem_size ", (long)boot->mem_size);
    print_number("kernel_end ", (long)boot->kernel_end);
    print_number("epollfd ", boot->epollfd);
    print_number("timerfd ", boot->timerfd);
    print_number("mft ", (long)boot->mft);
    print_number("cmdline ", (long)boot->cmdline);
    print("arguments ");
    print((const char *)boot->cmdline);
    print("\n");
}

static void show_devices(void)
{
    for (uint32_t i = 1; i < manifest()->entries; i++) {
        const struct mft_entry *entry = &manifest()->e[i];
        print(entry->name);
        print("\n");
        print_number("attached ", entry->attached);
        print_number("hostfd ", entry->b.hostfd);
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

struct event {
    uint32_t events;
    uint64_t data;
} __attribute__((packed));

static long wait_event(void)
{
    struct event event = {0, 0};
    long count = call(281, boot->epollfd, (long)&event, 1, -1);
    return count == 1 ? (long)event.data : count;
}

static void sleep_ms(long ms)
{
    int64_t now[2], timer[4] = {0, 0, 0, 0};
    call(228, 1, (long)now, 0, 0);
    timer[2] = now[0] + (now[1] + ms * 1000000) / 1000000000;
    timer[3] = (now[1] + ms * 1000000) % 1000000000;
    call(286, boot->timerfd, 1, (long)timer, 0);
    print_number("event ", wait_event());
}

static void echo(void)
{
    static char frame[2048];
    for (;;) {
        long handle = wait_event();
        int fd = manifest()->e[handle].b.hostfd;
        print_number("event ", handle);
        long size = call(0, fd, (long)frame, sizeof frame, 0);
        print_number("size ", size);
        print_number("then ", call(0, fd, (long)frame + size, 1, 0));
        call(1, fd, (long)frame, size, 0);
        if (frame[0] == 'q')
            return;
    }
}

static void block(long handle)
{
    static char sector[32768];
    const struct mft_entry *entry = &manifest()->e[handle];
    long size = entry->u.block_basic.block_size;
    long last = (long)entry->u.block_basic.capacity - size;
    for (long i = 0; i < size; i++)
        sector[i] = 'B';
    print_number("wrote ", call(18, entry->b.hostfd, (long)sector, size, last));
    sector[0] = 0;
    print_number("read ", call(17, entry->b.hostfd, (long)sector, size, last));
    print_number("byte ", sector[0]);
}

static void run_word(const char *verb)
{
    char text[256];
    if (is(verb, "say")) {
        next_word(text);
        print(text);
        print("\n");
    } else if (is(verb, "mumble")) {
        next_word(text);
        print(text);
    } else if (is(verb, "exit")) {
        call(231, next_number(), 0, 0, 0);
    } else if (is(verb, "call")) {
        long number = next_number(), a = next_number(), b = next_number(), c = next_number();
        print_number("result ", call(number, a, b, c, next_number()));
    } else if (is(verb, "read")) {
        print_number("byte ", *(volatile uint8_t *)next_number());
    } else if (is(verb, "write")) {
        *(volatile uint8_t *)next_number() = 1;
    } else if (is(verb, "ret")) {
        *(volatile uint8_t *)next_number() = 0xc3;
    } else if (is(verb, "receive")) {
        static char frame[2048];
        long handle = wait_event();
        print_number("size ", call(0, manifest()->e[handle].b.hostfd, (long)frame, sizeof frame, 0));
    } else if (is(verb, "jump")) {
        long target = next_number();
        ((void (*)(void))target)();
    } else if (is(verb, "info")) {
        show_info();
    } else if (is(verb, "devices")) {
        show_devices();
    } else if (is(verb, "wait")) {
        print("ready\n");
        for (;;)
            wait_event();
    } else if (is(verb, "sleep")) {
        sleep_ms(next_number());
    } else if (is(verb, "echo")) {
        echo();
    } else if (is(verb, "block")) {
        block(next_number());
    }
}

void probe_main(const struct spt_boot_info *info);

void probe_main(const struct spt_boot_info *info)
{
    char verb[256];
    boot = info;
    word = (const char *)info->cmdline;
    while (next_word(verb))
        run_word(verb);
    call(231, 0, 0, 0, 0);
}

/* The entry: RSP is 8 below the end of memory, as a call would have left it. */
__asm__(".globl _start\n_start: jmp probe_main\n");
