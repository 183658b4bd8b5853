/* paging.c: see paging.h. Source: the processor's manual (Intel SDM volume 3, 4.5). */
#include "libos/bindings/virtio/x86_64/paging.h"

#include "libos/bindings/virtio/x86_64/port.h"
#include "libos/bindings/virtio/x86_64/power.h"

#define ENTRIES     512u
#define LARGE       (UINT64_C(1) << 21)
#define TABLES      20u
#define WINDOW      (UINT64_C(1) << 39) /* where devices are mapped: one table of pages behind all memory */
#define WINDOW_SIZE (ENTRIES * PAGE_SIZE)

#define PRESENT    UINT64_C(1)
#define WRITABLE   UINT64_C(2)
#define UNCACHED   UINT64_C(0x18)
#define IS_LARGE   UINT64_C(0x80)
#define NO_EXECUTE (UINT64_C(1) << 63)
#define ADDRESS    UINT64_C(0x000ffffffffff000)

#define MEMORY (PRESENT | WRITABLE | NO_EXECUTE)
#define DEVICE (MEMORY | UNCACHED)

#define FAULT_PRESENT 1u

extern const uint8_t bivy_text_end[], bivy_data_start[], _end[];

static uint64_t tables[TABLES][ENTRIES] __attribute__((aligned(4096)));
static unsigned tables_used = 1; /* the first is the root */
static unsigned window_used = 1; /* the first page is for reading physical memory */
static struct {
    uint64_t start, end; /* multiples of LARGE: mapped when touched */
} lazy;

static uint64_t page_down(uint64_t address)
{
    return address & ~(PAGE_SIZE - 1);
}

static uint64_t page_up(uint64_t address)
{
    return (address + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

/* The table below ENTRY, made if there is none. */
static uint64_t *table_below(uint64_t *entry)
{
    if ((*entry & PRESENT) == 0) {
        if (tables_used == TABLES)
            virtio_power_stop("there are not enough page tables for this machine's memory");
        *entry = (uintptr_t)tables[tables_used++] | PRESENT | WRITABLE;
    }
    return (uint64_t *)(*entry & ADDRESS);
}

/* The entry of ADDRESS in a table of LEVEL (0: of pages, 1: of large pages). */
static uint64_t *entry_find(uint64_t address, unsigned level)
{
    uint64_t *table = tables[0];

    for (unsigned i = 3; i > level; i--)
        table = table_below(&table[address >> (12 + 9 * i) & (ENTRIES - 1)]);
    return &table[address >> (12 + 9 * level) & (ENTRIES - 1)];
}

/* Maps [START, END) to itself. */
static void map(uint64_t start, uint64_t end, uint64_t flags)
{
    while (start < end) {
        bool large = (start & (LARGE - 1)) == 0 && end - start >= LARGE;
        *entry_find(start, large) = start | flags | (large ? IS_LARGE : 0);
        start += large ? LARGE : PAGE_SIZE;
    }
}

static void address_flush(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

void virtio_paging_open(void)
{
    map(IMAGE_START, page_up((uintptr_t)bivy_text_end), PRESENT);
    map(page_down((uintptr_t)bivy_data_start), page_up((uintptr_t)_end), MEMORY);
    *entry_find(WINDOW, 0) = 0;
    __asm__ volatile("mov %0, %%cr3" : : "r"(tables[0]) : "memory");
}

static void clear(uint64_t start, uint64_t end)
{
    __builtin_memset((void *)start, 0, end - start); /* NOLINT: an address is its number here */
}

static void map_cleared(uint64_t start, uint64_t end)
{
    map(start, end, MEMORY);
    clear(start, end);
}

void virtio_paging_memory(uint64_t guard, uint64_t end, uint64_t ready)
{
    uint64_t start = page_up((uintptr_t)_end), heap_end = guard != 0 ? guard : ready;

    lazy.start = (start + LARGE - 1) & ~(LARGE - 1);
    lazy.end = heap_end & ~(LARGE - 1);
    if (lazy.start >= lazy.end) {
        lazy.start = lazy.end = 0;
        map_cleared(start, heap_end);
    } else {
        map_cleared(start, lazy.start);
        map_cleared(lazy.end, heap_end);
    }
    map_cleared(ready, end);
}

bool virtio_paging_fault(uint64_t address, uint64_t error)
{
    uint64_t start = address & ~(LARGE - 1);

    if ((error & FAULT_PRESENT) != 0 || start < lazy.start || start >= lazy.end)
        return false;
    map_cleared(start, start + LARGE);
    return true;
}

/* One past the highest physical address that this processor can form. */
static uint64_t physical_end(void)
{
    uint32_t bits = cpuid(0x80000000, 0).a >= 0x80000008 ? cpuid(0x80000008, 0).a & 0xff : 36;

    return UINT64_C(1) << (bits < 52 ? bits : 52);
}

volatile void *virtio_paging_device(uint64_t physical, uint64_t size)
{
    uint64_t start = page_down(physical), end, at = WINDOW + window_used * PAGE_SIZE;

    if (size == 0 || __builtin_add_overflow(physical, size, &end) || end > physical_end() ||
        page_up(end) - start > WINDOW_SIZE - window_used * PAGE_SIZE)
        return NULL;
    for (; start < end; start += PAGE_SIZE, window_used++)
        *entry_find(WINDOW + window_used * PAGE_SIZE, 0) = start | DEVICE;
    return (volatile void *)(at + (physical & (PAGE_SIZE - 1)));
}

static bool window_read(void *context, uint64_t address, void *to, size_t size)
{
    uint64_t *entry = entry_find(WINDOW, 0), end;
    uint8_t *bytes = to;

    (void)context;
    if (__builtin_add_overflow(address, size, &end) || end > physical_end())
        return false;
    while (size > 0) {
        size_t inside = address & (PAGE_SIZE - 1),
               part = PAGE_SIZE - inside < size ? PAGE_SIZE - inside : size;
        uint64_t wanted = page_down(address) | PRESENT | NO_EXECUTE;
        if (*entry != wanted) {
            *entry = wanted;
            address_flush(WINDOW);
        }
        __builtin_memcpy(bytes, (const void *)(WINDOW + inside), part);
        address += part, bytes += part, size -= part;
    }
    return true;
}

const struct physical virtio_paging_physical = {window_read, NULL};
