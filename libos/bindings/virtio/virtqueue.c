/* virtqueue.c: see virtqueue.h. */
#include "libos/bindings/virtio/virtqueue.h"

#define DESCRIPTORS_BYTES(size) ((size_t)(size) * sizeof(struct virtqueue_descriptor))
/* One more index stands behind each ring; it is not used here, but the device may look at it. */
#define AVAILABLE_BYTES(size)                                                                                \
    ((sizeof(struct virtqueue_available) + ((size_t)(size) + 1) * sizeof(uint16_t) + 7) & ~(size_t)7)
#define USED_BYTES(size)                                                                                     \
    (sizeof(struct virtqueue_used) + (size_t)(size) * sizeof(struct virtqueue_used_entry) + sizeof(uint16_t))

size_t virtqueue_bytes(uint16_t size)
{
    return (DESCRIPTORS_BYTES(size) + AVAILABLE_BYTES(size) + USED_BYTES(size) + VIRTQUEUE_ALIGNMENT - 1) &
           ~(size_t)(VIRTQUEUE_ALIGNMENT - 1);
}

uint16_t virtqueue_fit(uint32_t most)
{
    uint16_t size = VIRTQUEUE_MOST;

    while (size > most)
        size /= 2;
    return size;
}

void virtqueue_open(struct virtqueue *queue, void *memory, uint16_t size)
{
    uint8_t *bytes = memory;

    *queue = (struct virtqueue){.size = size};
    queue->descriptors = memory;
    queue->available = (void *)(bytes + DESCRIPTORS_BYTES(size));
    queue->used = (void *)(bytes + DESCRIPTORS_BYTES(size) + AVAILABLE_BYTES(size));
    virtqueue_interrupts(queue, false);
}

void virtqueue_give(struct virtqueue *queue, uint16_t id)
{
    queue->held |= UINT64_C(1) << id;
    queue->available->ring[queue->given & (queue->size - 1)] = id;
    queue->given++;
    /* The device may look as soon as it sees the index. */
    __atomic_store_n(&queue->available->index, queue->given, __ATOMIC_RELEASE);
}

static uint16_t finished(const struct virtqueue *queue)
{
    return (uint16_t)(__atomic_load_n(&queue->used->index, __ATOMIC_ACQUIRE) - queue->taken);
}

bool virtqueue_ready(const struct virtqueue *queue)
{
    return queue->broken || finished(queue) != 0;
}

bool virtqueue_take(struct virtqueue *queue, struct virtqueue_used_entry *entry)
{
    const volatile struct virtqueue_used_entry *said;
    uint16_t count = finished(queue);

    if (queue->broken || count == 0)
        return false;
    said = &queue->used->ring[queue->taken & (queue->size - 1)];
    *entry = (struct virtqueue_used_entry){said->id, said->size};
    if (count > __builtin_popcountll(queue->held) || entry->id >= queue->size ||
        (queue->held >> entry->id & 1) == 0) {
        queue->broken = true;
        return false;
    }
    queue->held &= ~(UINT64_C(1) << entry->id);
    queue->taken++;
    return true;
}

bool virtqueue_notify_wanted(const struct virtqueue *queue)
{
    /* The index must be visible before the flag is read: 2.7.13.4.1. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return (__atomic_load_n(&queue->used->flags, __ATOMIC_RELAXED) & VIRTQUEUE_NO_NOTICES) == 0;
}

void virtqueue_interrupts(struct virtqueue *queue, bool wanted)
{
    __atomic_store_n(&queue->available->flags, (uint16_t)(wanted ? 0 : VIRTQUEUE_NO_NOTICES),
                     __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
