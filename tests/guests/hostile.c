/*
 * hostile.c: passes every kind of wrong address, length, handle and port to the tender of a virtual machine.
 *
 *   survive          all calls that must be answered; prints how many were
 *   end N            the Nth call that must end the guest
 *   port N           a write to port N
 *   ring SEED        requests in the ring with arguments at random, some indices that mean nothing
 *   flood            requests in the ring and kicks without end
 *   console          writes to the console without end
 *   spin             nothing, without end
 *   halt             ends with a full ring behind it
 *   random SEED      calls with arguments at random, until one of them ends the guest
 */
#include <bivy/abi/hvt.h>
#include <solo5.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static volatile union {
    uint64_t words[5];
    uint8_t bytes[64];
} arguments;
static const char constant[64] = "constant";
static uint8_t buffer[8192];

static void out(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "d"(port) : "memory");
}

static void call(unsigned number, volatile void *at)
{
    out((uint16_t)(HVT_PORT_BASE + number), (uint32_t)(uintptr_t)at);
}

static uint64_t memory_end(void)
{
    const struct hvt_boot_info *info = (const struct hvt_boot_info *)HVT_BOOT_INFO;
    return info->net_ring != 0 ? info->net_ring + HVT_RING_BYTES : info->mem_size;
}

static const uint64_t handles[] = {0, 1, 2, 3, 63, 64, 255, 1ull << 31, 1ull << 32 | 1, UINT64_MAX};

static unsigned transfer(const uint64_t *addresses, size_t address_count, const uint64_t *lengths,
                         size_t length_count)
{
    unsigned count = 0;
    for (unsigned number = HVT_HYPERCALL_BLOCK_WRITE; number <= HVT_HYPERCALL_NET_READ; number++)
        for (size_t h = 0; h < COUNT(handles); h++)
            for (size_t a = 0; a < address_count; a++)
                for (size_t l = 0; l < length_count; l++, count++) {
                    int block = number <= HVT_HYPERCALL_BLOCK_READ;
                    arguments.words[0] = handles[h];
                    arguments.words[1] = block ? lengths[l] - 512 : addresses[a];
                    arguments.words[2] = block ? addresses[a] : lengths[l];
                    arguments.words[3] = lengths[l];
                    call(number, &arguments);
                }
    return count;
}

static void survive(void)
{
    const uint64_t end = memory_end();
    const uint64_t addresses[] = {0,
                                  8,
                                  0xe000,
                                  0xffff,
                                  HVT_BOOT_INFO,
                                  (uintptr_t)&survive,
                                  (uintptr_t)constant,
                                  (uintptr_t)buffer,
                                  end - 1,
                                  end,
                                  end + 1,
                                  0xfffffff8,
                                  1ull << 32,
                                  1ull << 47,
                                  UINT64_MAX};
    const uint64_t lengths[] = {0, 1, 512, 8192, end, 1ull << 31, 1ull << 32, 1ull << 63, UINT64_MAX};
    unsigned count = transfer(addresses, COUNT(addresses), lengths, COUNT(lengths));
    out(HVT_PORT_KICK, 0);
    out(HVT_PORT_KICK, 0xffffffff);
    /* Calls whose arguments lie in the last bytes of memory. */
    call(HVT_HYPERCALL_WALLTIME, (void *)(uintptr_t)(end - sizeof(struct hvt_walltime)));
    printf("%u calls answered\n", count);
}

static void end(unsigned index)
{
    const uint64_t last = memory_end();
    const struct {
        unsigned number;
        uint64_t at, words[2];
    } calls[] = {
        {HVT_HYPERCALL_PUTS, (uintptr_t)&arguments, {last, 1}},
        {HVT_HYPERCALL_PUTS, (uintptr_t)&arguments, {0, 1}},
        {HVT_HYPERCALL_PUTS, (uintptr_t)&arguments, {0xfff0, 16}},
        {HVT_HYPERCALL_PUTS, (uintptr_t)&arguments, {(uintptr_t)buffer, UINT64_MAX}},
        {HVT_HYPERCALL_PUTS, 0, {0, 0}},
        {HVT_HYPERCALL_WALLTIME, 0xe000, {0, 0}},
        {HVT_HYPERCALL_WALLTIME, (uintptr_t)&survive, {0, 0}},
        {HVT_HYPERCALL_POLL, (uintptr_t)constant, {0, 0}},
        {HVT_HYPERCALL_POLL, last - 8, {0, 0}},
        {HVT_HYPERCALL_NET_READ, 0xfffffff0, {0, 0}},
        {HVT_HYPERCALL_BLOCK_READ, (uintptr_t)constant, {0, 0}},
        {HVT_HYPERCALL_HALT, last - 4, {0, 0}},
        {0, (uintptr_t)&arguments, {0, 0}},
    };
    if (index >= COUNT(calls))
        exit(9);
    arguments.words[0] = calls[index].words[0];
    arguments.words[1] = calls[index].words[1];
    call(calls[index].number, (void *)(uintptr_t)calls[index].at);
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A number that is small, near an address that means something, or anything. */
static uint64_t some(uint64_t *state)
{
    const uint64_t bases[] = {0,         memory_end(), (uintptr_t)buffer, (uintptr_t)constant, HVT_BOOT_INFO,
                              1ull << 32};
    uint64_t kind = next(state) % 8;
    return kind < COUNT(bases) ? bases[kind] + next(state) % 64 - 16 : next(state);
}

static void run_random(uint64_t state)
{
    for (int i = 0; i < 20000; i++) {
        unsigned number = 1 + (unsigned)(next(&state) % 7);
        for (size_t word = 0; word < COUNT(arguments.words); word++)
            arguments.words[word] = some(&state);
        if (number == HVT_HYPERCALL_POLL)
            arguments.words[0] = 0;
        if (number == HVT_HYPERCALL_PUTS && next(&state) % 64 != 0)
            arguments.words[1] = 0; /* most of them would end it all */
        call(number, &arguments);
    }
    call(1 + (unsigned)(next(&state) % 8), (void *)(uintptr_t)some(&state));
}

static volatile struct hvt_ring *ring(void)
{
    return (volatile struct hvt_ring *)(uintptr_t)((const struct hvt_boot_info *)HVT_BOOT_INFO)->net_ring;
}

static void submit(uint32_t op, uint32_t handle, uint64_t data, uint32_t size, uint64_t offset)
{
    volatile struct hvt_ring_entry *entry = &ring()->entries[ring()->ent_tail % HVT_RING_ENTRIES];
    entry->op = op;
    entry->handle = handle;
    entry->data = data;
    entry->len = size;
    entry->offset = offset;
    ring()->ent_tail++;
}

static void run_ring(uint64_t state)
{
    static const uint32_t ops[] = {1, 2, HVT_RING_BLOCK_WRITE, HVT_RING_BLOCK_READ, 0, 7, 1, 2};
    for (int i = 0; i < 20000; i++) {
        submit(ops[next(&state) % 8], (uint32_t)(next(&state) % 4), some(&state), (uint32_t)some(&state),
               some(&state));
        ring()->ent_head = (uint32_t)next(&state); /* the tender's own; it must not care */
        ring()->com_tail = (uint32_t)next(&state);
        if (next(&state) % 64 == 0)
            out(HVT_PORT_KICK, (uint32_t)next(&state));
    }
    ring()->ent_tail += (uint32_t)next(&state);
    out(HVT_PORT_KICK, 0);
}

static void fill_ring(void)
{
    for (unsigned i = 0; i < HVT_RING_ENTRIES; i++)
        submit(i % 2 ? HVT_RING_BLOCK_READ : HVT_RING_NET_READ, i % 2 ? 2 : 1, (uintptr_t)buffer, 512, 0);
}

static void run_endless(const char *what)
{
    printf("ready\n");
    fflush(stdout);
    for (;;)
        if (strcmp(what, "flood") == 0) {
            fill_ring();
            out(HVT_PORT_KICK, 0);
        } else if (strcmp(what, "console") == 0) {
            solo5_console_write((const char *)buffer, sizeof buffer);
        }
}

int main(int argc, char **argv)
{
    unsigned number = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
    if (argc > 1 && strcmp(argv[1], "survive") == 0)
        survive();
    else if (argc > 1 && strcmp(argv[1], "end") == 0)
        end(number);
    else if (argc > 1 && strcmp(argv[1], "port") == 0)
        out((uint16_t)number, (uint32_t)(uintptr_t)&arguments);
    else if (argc > 1 && strcmp(argv[1], "random") == 0)
        run_random(number * UINT64_C(0x9e3779b97f4a7c15) | 1);
    else if (argc > 1 && strcmp(argv[1], "ring") == 0)
        run_ring(number * UINT64_C(0x9e3779b97f4a7c15) | 1);
    else if (argc > 1 && strcmp(argv[1], "halt") == 0)
        fill_ring();
    else if (argc > 1)
        run_endless(argv[1]);
    return 0;
}
