/*
 * virtqueue.h: a split virtqueue, the driver's side.
 *
 * The device is not trusted: what it says it has finished must be something that it was given, and its index
 * may not run ahead of what there is. A queue whose device broke these rules is broken for good. A queue has
 * at most 64 descriptors, so that those that the device has are the bits of one word. Source: Virtual I/O
 * Device (VIRTIO) 1.2, 2.7. Pure, so that it is tested on the host.
 */
#ifndef BINDINGS_VIRTIO_VIRTQUEUE_H
#define BINDINGS_VIRTIO_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIRTQUEUE_MOST       64u
#define VIRTQUEUE_NEXT       1u /* virtqueue_descriptor.flags: another one follows */
#define VIRTQUEUE_WRITE      2u /* the device writes it */
#define VIRTQUEUE_ALIGNMENT  16u
#define VIRTQUEUE_NO_NOTICES 1u /* flags of both rings: the other side need not be told */

struct virtqueue_descriptor {
    uint64_t address; /* physical */
    uint32_t size;    /* bytes */
    uint16_t flags, next;
};

struct virtqueue_available {
    uint16_t flags, index;
    uint16_t ring[];
};

struct virtqueue_used_entry {
    uint32_t id, size; /* the first descriptor's number; the bytes that the device wrote */
};

struct virtqueue_used {
    uint16_t flags, index;
    struct virtqueue_used_entry ring[];
};

struct virtqueue {
    struct virtqueue_descriptor *descriptors;
    struct virtqueue_available *available;
    struct virtqueue_used *used;
    uint64_t held; /* a bit for each first descriptor that the device has */
    uint16_t size; /* descriptors, a power of two */
    /* Free-running. That of the available ring is kept here too: what stands there the device can write. */
    uint16_t given, taken;
    bool broken;
};

/* The bytes that a queue of SIZE descriptors needs. */
size_t virtqueue_bytes(uint16_t size);

/* The number of descriptors to use of a queue that may have MOST: 0 if that is none. */
uint16_t virtqueue_fit(uint32_t most);

/* Makes a queue of SIZE descriptors (virtqueue_fit()) in MEMORY, virtqueue_bytes(SIZE) zero bytes aligned to
 * VIRTQUEUE_ALIGNMENT, which the device reads and writes from now on. */
void virtqueue_open(struct virtqueue *queue, void *memory, uint16_t size);

/* Gives the device the chain that begins with the descriptor ID, which it must not have already. */
void virtqueue_give(struct virtqueue *queue, uint16_t id);

/* Takes back one chain: false if there is none, or the queue is broken. */
bool virtqueue_take(struct virtqueue *queue, struct virtqueue_used_entry *entry);

/* Whether virtqueue_take() has something to say: a chain, or that the queue is broken. */
bool virtqueue_ready(const struct virtqueue *queue);

/* Whether the device wants to be told of what it was given. */
bool virtqueue_notify_wanted(const struct virtqueue *queue);

/* Asks the device for interrupts, or for none. What it finished meanwhile is seen by virtqueue_ready() after.
 */
void virtqueue_interrupts(struct virtqueue *queue, bool wanted);

#endif
