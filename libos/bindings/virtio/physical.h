/*
 * physical.h: the one way to memory that the machine's firmware or monitor filled.
 *
 * What stands there is not trusted, and neither is the address at which it should stand: every byte is copied
 * out through this, so that a test can put anything behind it.
 */
#ifndef BINDINGS_VIRTIO_PHYSICAL_H
#define BINDINGS_VIRTIO_PHYSICAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct physical {
    /* Copies SIZE bytes at the physical ADDRESS to TO; false, and nothing is known of TO, if it cannot. */
    bool (*read)(void *context, uint64_t address, void *to, size_t size);
    void *context;
};

static inline bool physical_read(const struct physical *memory, uint64_t address, void *to, size_t size)
{
    return memory->read(memory->context, address, to, size);
}

#endif
