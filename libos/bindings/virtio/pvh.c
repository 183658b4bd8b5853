/* pvh.c: reads the start information; see pvh.h. */
#include "libos/bindings/virtio/pvh.h"

#define MAGIC           0x336ec578u
#define VERSION_MEMMAP  1u
#define ENTRIES_MOST    128u
#define MEMORY_RAM      1u
#define ADDRESSABLE_END (UINT64_C(1) << 32)
#define PAGE_MASK       UINT64_C(4095)

struct start_info {
    uint32_t magic, version, flags, modules;
    uint64_t module_list, cmdline, rsdp, memmap;
    uint32_t memmap_entries, reserved;
};
_Static_assert(sizeof(struct start_info) == 56, "start info");

struct memmap_entry {
    uint64_t address, size;
    uint32_t type, reserved;
};
_Static_assert(sizeof(struct memmap_entry) == 24, "memory map entry");

/* The end of the RAM that holds [START, END), or 0. */
static uint64_t ram_find(const struct physical *memory, const struct start_info *info, uint64_t start,
                         uint64_t end)
{
    uint32_t count = info->memmap_entries < ENTRIES_MOST ? info->memmap_entries : ENTRIES_MOST;

    for (uint32_t i = 0; i < count; i++) {
        struct memmap_entry entry;
        uint64_t at, ram_end;
        if (__builtin_add_overflow(info->memmap, i * sizeof entry, &at) ||
            !physical_read(memory, at, &entry, sizeof entry))
            return 0;
        if (entry.type == MEMORY_RAM && !__builtin_add_overflow(entry.address, entry.size, &ram_end) &&
            entry.address <= start && ram_end >= end)
            return (ram_end < ADDRESSABLE_END ? ram_end : ADDRESSABLE_END) & ~PAGE_MASK;
    }
    return 0;
}

/* Byte by byte: what follows the line need not be there. */
static bool cmdline_read(struct pvh *pvh, const struct physical *memory, uint64_t address)
{
    for (size_t i = 0; i < PVH_CMDLINE_SIZE; i++) {
        if (address + i < address || !physical_read(memory, address + i, &pvh->cmdline[i], 1))
            return false;
        if (!pvh->cmdline[i])
            return true;
    }
    return false;
}

const char *virtio_pvh_read(struct pvh *pvh, const struct physical *memory, uint64_t address,
                            uint64_t image_start, uint64_t image_end)
{
    struct start_info info;

    pvh->cmdline[0] = '\0';
    if (!physical_read(memory, address, &info, sizeof info) || info.magic != MAGIC)
        return "this machine did not enter the image by the PVH protocol";
    if (info.version < VERSION_MEMMAP)
        return "this machine's PVH start information is too old: it has no memory map";
    if (info.cmdline != 0 && !cmdline_read(pvh, memory, info.cmdline))
        return "the machine's command line cannot be read, or has more than 4095 bytes";
    pvh->rsdp = info.rsdp;
    pvh->ram_end = ram_find(memory, &info, image_start, image_end);
    return pvh->ram_end >= image_end ? NULL : "the machine's memory map has no memory where the image lies";
}
