/*
 * guest_memory.h: the only way from a guest-physical address to a host pointer.
 *
 * Every address and length comes from a hostile guest. The range that a hypercall may name starts above the
 * machine's own low pages for a user guest, and ends with the last byte of guest memory: the original refuses
 * that last byte, which no guest can depend on. What the image's segments say is not writable is not writable
 * for the tender either: it is mapped read-only, mostly straight from the image's file.
 */
#ifndef TENDER_HVT_GUEST_MEMORY_H
#define TENDER_HVT_GUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_MEMORY_FIXED 16u /* as many as an image has segments */

struct guest_memory {
    uint8_t *host;  /* the host's view of guest-physical address 0 */
    uint64_t first; /* lowest address a guest may name */
    uint64_t size;  /* one past the highest */
    size_t fixed_count;
    struct {
        uint64_t start, end;
    } fixed[GUEST_MEMORY_FIXED]; /* read-only ranges */
};

/* The host's view of [ADDRESS, ADDRESS + SIZE), or NULL if any byte of it is out of range. SIZE may be 0. */
static inline void *guest_memory_at(const struct guest_memory *memory, uint64_t address, uint64_t size)
{
    uint64_t end;
    if (address < memory->first || __builtin_add_overflow(address, size, &end) || end > memory->size)
        return NULL;
    return memory->host + address;
}

/* The same where no byte may be in a read-only range. */
static inline void *guest_memory_writable_at(const struct guest_memory *memory, uint64_t address,
                                             uint64_t size)
{
    void *at = guest_memory_at(memory, address, size);
    for (size_t i = 0; at != NULL && i < memory->fixed_count; i++)
        if (address < memory->fixed[i].end && address + size > memory->fixed[i].start)
            return NULL;
    return at;
}

/*
 * Copies SIZE bytes of arguments out of guest memory, so that what was checked is what is used even if
 * another thread of the tender writes there. False: out of range.
 */
static inline bool guest_memory_read(const struct guest_memory *memory, uint64_t address, void *to,
                                     size_t size)
{
    const void *from = guest_memory_at(memory, address, size);
    if (from == NULL)
        return false;
    __builtin_memcpy(to, from, size);
    return true;
}

/* Copies the results of a call back to where its arguments were read from. */
static inline bool guest_memory_write(const struct guest_memory *memory, uint64_t address, const void *from,
                                      size_t size)
{
    void *to = guest_memory_writable_at(memory, address, size);
    if (to == NULL)
        return false;
    __builtin_memcpy(to, from, size);
    return true;
}

#endif
