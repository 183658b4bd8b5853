/*
 * fuzz_virtqueue.c: a device that writes anything anywhere into its queue, at any time.
 *
 * The input is a row of steps: the driver gives or takes, or the device writes a byte. What the driver takes
 * must be what it gave, once; a queue is never more than full; the memory's end is known to the sanitizer.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libos/bindings/virtio/virtqueue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define QUEUE_SIZE 16u

static void give(struct virtqueue *queue, uint64_t *held, unsigned id)
{
    if ((*held >> id & 1) != 0)
        return;
    *held |= UINT64_C(1) << id;
    virtqueue_give(queue, (uint16_t)id);
}

static void take(struct virtqueue *queue, uint64_t *held)
{
    struct virtqueue_used_entry entry;

    if (!virtqueue_take(queue, &entry))
        return;
    if (entry.id >= QUEUE_SIZE || (*held >> entry.id & 1) == 0)
        abort();
    *held &= ~(UINT64_C(1) << entry.id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t bytes = virtqueue_bytes(QUEUE_SIZE);
    uint8_t *memory = aligned_alloc(VIRTQUEUE_ALIGNMENT, bytes);
    struct virtqueue queue;
    uint64_t held = 0;

    if (memory == NULL)
        return 0;
    memset(memory, 0, bytes);
    virtqueue_open(&queue, memory, QUEUE_SIZE);
    for (; size >= 4; data += 4, size -= 4) {
        if (data[0] % 4 == 0)
            give(&queue, &held, data[1] % QUEUE_SIZE);
        else if (data[0] % 4 == 1)
            take(&queue, &held);
        else
            memory[(data[1] | data[2] << 8) % bytes] = data[3];
        virtqueue_ready(&queue);
        virtqueue_notify_wanted(&queue);
        if (queue.held != held && !queue.broken)
            abort();
    }
    free(memory);
    return 0;
}
