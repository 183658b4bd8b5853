/*
 * block.c: block devices. Source: VIRTIO 1.2, 5.2.
 *
 * One request at a time, whose data goes through memory that is the device's: see net.c. Written data is as
 * safe as on any host: the host may keep it in its memory for a while.
 */
#include "libos/bindings/bindings.h"
#include "libos/bindings/virtio/device.h"
#include "libos/bindings/virtio/x86_64/interrupts.h"

#define FEATURE_BLOCK_SIZE DEVICE_FEATURE(6)
#define FEATURE_FLUSH      DEVICE_FEATURE(9) /* known, so that the host need not write through */
#define CONFIG_CAPACITY    0u                /* in sectors */
#define CONFIG_BLOCK_SIZE  20u
#define SECTOR             512u
#define BLOCK_MOST         32768u
#define LOOKS_BEFORE_WAIT  100
#define DESCRIPTORS        4u /* a request has three */

enum { REQUEST_READ = 0, REQUEST_WRITE = 1 };
enum { PART_HEADER, PART_DATA, PART_STATUS };

/* What of the buffers comes before the data. */
struct request {
    uint32_t type, reserved;
    uint64_t sector;
    uint8_t status;
    uint8_t room[47];
};
_Static_assert(sizeof(struct request) == 64, "request");

static void block_describe(struct device *device)
{
    const struct transport *transport = &device->transport;
    struct mft_block_basic *block = &device->entry->u.block_basic;
    uint64_t sectors = transport->ops->config(transport, CONFIG_CAPACITY, 4) |
                       (uint64_t)transport->ops->config(transport, CONFIG_CAPACITY + 4, 4) << 32;
    uint32_t size = SECTOR;

    if (device->features & FEATURE_BLOCK_SIZE)
        size = transport->ops->config(transport, CONFIG_BLOCK_SIZE, 4);
    if (size < SECTOR || size > BLOCK_MOST || (size & (size - 1)) != 0)
        size = SECTOR;
    block->block_size = (uint16_t)size;
    block->capacity =
        (sectors < UINT64_MAX / SECTOR ? sectors : UINT64_MAX / SECTOR) * SECTOR & ~(uint64_t)(size - 1);
}

/* One request's parts, divided by the number of buffers. */
static uint32_t block_buffer(struct device *device)
{
    uint32_t size = (uint32_t)sizeof(struct request) + device->entry->u.block_basic.block_size;

    return size / device->queue[0].size;
}

static void block_begin(struct device *device)
{
    struct request *request = (void *)device->buffers;
    struct virtqueue_descriptor *parts = device->queue[0].descriptors;

    parts[PART_HEADER] = (struct virtqueue_descriptor){(uintptr_t)request, offsetof(struct request, status),
                                                       VIRTQUEUE_NEXT, PART_DATA};
    parts[PART_DATA] = (struct virtqueue_descriptor){(uintptr_t)(request + 1),
                                                     device->entry->u.block_basic.block_size, 0, PART_STATUS};
    parts[PART_STATUS] = (struct virtqueue_descriptor){(uintptr_t)&request->status, sizeof request->status,
                                                       VIRTQUEUE_WRITE, 0};
}

const struct device_kind virtio_device_block = {
    .manifest_type = MFT_DEV_BLOCK_BASIC,
    .missing = "this machine has fewer virtio block devices than the image's manifest",
    .features = FEATURE_BLOCK_SIZE | FEATURE_FLUSH,
    .queues = 1,
    .descriptors = DESCRIPTORS,
    .describe = block_describe,
    .buffer = block_buffer,
    .start = block_begin,
};

static void await(struct virtqueue *queue)
{
    for (int i = 0; i < LOOKS_BEFORE_WAIT && !virtqueue_ready(queue); i++)
        __builtin_ia32_pause();
    while (!virtqueue_ready(queue)) {
        virtqueue_interrupts(queue, true);
        virtio_devices_acknowledge();
        if (!virtqueue_ready(queue))
            virtio_interrupts_wait(virtio_devices_patience());
        virtqueue_interrupts(queue, false);
    }
}

static solo5_result_t transfer(solo5_handle_t handle, uint32_t type, solo5_off_t offset)
{
    struct device *device = &virtio_devices[handle];
    struct virtqueue *queue = &device->queue[0];
    struct request *request = (void *)device->buffers;
    struct virtqueue_used_entry done;

    if (queue->broken)
        return SOLO5_R_EUNSPEC;
    *request = (struct request){.type = type, .sector = offset / SECTOR, .status = UINT8_MAX};
    queue->descriptors[PART_DATA].flags = VIRTQUEUE_NEXT | (type == REQUEST_READ ? VIRTQUEUE_WRITE : 0);
    virtqueue_give(queue, PART_HEADER);
    if (virtqueue_notify_wanted(queue))
        device->transport.ops->notify(&device->transport, 0);
    await(queue);
    if (!virtqueue_take(queue, &done))
        return SOLO5_R_EUNSPEC;
    return __atomic_load_n(&request->status, __ATOMIC_ACQUIRE) == 0 ? SOLO5_R_OK : SOLO5_R_EUNSPEC;
}

static uint8_t *data_of(solo5_handle_t handle)
{
    return virtio_devices[handle].buffers + sizeof(struct request);
}

solo5_result_t virtio_block_write(solo5_handle_t handle, solo5_off_t offset, const void *data, size_t size)
{
    __builtin_memcpy(data_of(handle), data, size);
    return transfer(handle, REQUEST_WRITE, offset);
}

solo5_result_t virtio_block_read(solo5_handle_t handle, solo5_off_t offset, void *data, size_t size)
{
    solo5_result_t result = transfer(handle, REQUEST_READ, offset);

    if (result == SOLO5_R_OK)
        __builtin_memcpy(data, data_of(handle), size);
    return result;
}
