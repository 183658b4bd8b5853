/*
 * net.c: network devices. Source: VIRTIO 1.2, 5.1.
 *
 * Every descriptor of both queues has a buffer of its own for one frame with its header; nothing is
 * offloaded, and frames are copied, because their memory is the program's, which may not be there for the
 * device (paging.h).
 */
#include "libos/bindings/bindings.h"
#include "libos/bindings/virtio/device.h"
#include "libos/bindings/x86_64/syscall.h"

#define FEATURE_MTU DEVICE_FEATURE(3)
#define FEATURE_MAC DEVICE_FEATURE(5)
#define CONFIG_MTU  10u
#define MTU_USUAL   1500u
#define MTU_LEAST   68u
#define MTU_MOST    9216u
#define HEADER_SIZE 12u /* zero: a whole frame, nothing to be done */
#define ALIGNMENT   64u

enum { RECEIVE, SEND };

static void net_describe(struct device *device)
{
    const struct transport *transport = &device->transport;
    struct mft_net_basic *net = &device->entry->u.net_basic;
    uint64_t address = cpu_cycles() << 8 | 0x02; /* without one of its own, any that is local */

    for (uint32_t i = 0; i < sizeof net->mac; i++)
        net->mac[i] = (uint8_t)((device->features & FEATURE_MAC) ? transport->ops->config(transport, i, 1)
                                                                 : address >> 8 * i);
    net->mtu = MTU_USUAL;
    if (device->features & FEATURE_MTU) {
        uint32_t mtu = transport->ops->config(transport, CONFIG_MTU, 2);
        net->mtu = (uint16_t)(mtu < MTU_LEAST ? MTU_USUAL : mtu < MTU_MOST ? mtu : MTU_MOST);
    }
}

static uint32_t net_buffer(struct device *device)
{
    uint32_t size = HEADER_SIZE + SOLO5_NET_HLEN + device->entry->u.net_basic.mtu;

    return (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

static uint8_t *buffer_of(const struct device *device, int queue, uint32_t id)
{
    uint32_t first = queue == SEND ? device->queue[RECEIVE].size : 0;

    return device->buffers + (size_t)(first + id) * device->buffer_size;
}

static void notify(struct device *device, uint16_t queue)
{
    if (virtqueue_notify_wanted(&device->queue[queue]))
        device->transport.ops->notify(&device->transport, queue);
}

static void net_begin(struct device *device)
{
    for (int i = RECEIVE; i <= SEND; i++) {
        struct virtqueue *queue = &device->queue[i];
        for (uint16_t id = 0; id < queue->size; id++) {
            queue->descriptors[id] = (struct virtqueue_descriptor){
                .address = (uintptr_t)buffer_of(device, i, id),
                .size = device->buffer_size,
                .flags = i == RECEIVE ? VIRTQUEUE_WRITE : 0,
            };
            if (i == RECEIVE)
                virtqueue_give(queue, id);
        }
    }
    notify(device, RECEIVE);
}

const struct device_kind virtio_device_net = {
    .manifest_type = MFT_DEV_NET_BASIC,
    .missing = "this machine has fewer virtio network devices than the image's manifest",
    .features = FEATURE_MTU | FEATURE_MAC,
    .queues = 2,
    .descriptors = VIRTQUEUE_MOST,
    .describe = net_describe,
    .buffer = net_buffer,
    .start = net_begin,
};

solo5_handle_set_t virtio_net_ready(void)
{
    solo5_handle_set_t ready = 0;

    for (uint64_t handle = 1; handle < bindings_boot.manifest->entries; handle++) {
        if (virtio_devices[handle].entry->type == MFT_DEV_NET_BASIC &&
            virtqueue_ready(&virtio_devices[handle].queue[RECEIVE]))
            ready |= UINT64_C(1) << handle;
    }
    return ready;
}

void virtio_net_interrupts(bool wanted)
{
    for (uint64_t handle = 1; handle < bindings_boot.manifest->entries; handle++) {
        if (virtio_devices[handle].entry->type == MFT_DEV_NET_BASIC)
            virtqueue_interrupts(&virtio_devices[handle].queue[RECEIVE], wanted);
    }
}

/* Takes back what the device has sent. */
static void reclaim(struct virtqueue *queue)
{
    struct virtqueue_used_entry done;

    while (virtqueue_take(queue, &done))
        ;
}

bool virtio_net_sending(void)
{
    bool sending = false;

    for (uint64_t handle = 1; handle < bindings_boot.manifest->entries; handle++) {
        struct virtqueue *queue = &virtio_devices[handle].queue[SEND];
        if (virtio_devices[handle].entry->type != MFT_DEV_NET_BASIC)
            continue;
        reclaim(queue);
        sending |= !queue->broken && queue->held != 0;
    }
    return sending;
}

solo5_result_t virtio_net_write(solo5_handle_t handle, const void *frame, size_t size)
{
    struct device *device = &virtio_devices[handle];
    struct virtqueue *queue = &device->queue[SEND];
    uint64_t all = queue->size == 64 ? UINT64_MAX : (UINT64_C(1) << queue->size) - 1;
    uint16_t id;

    reclaim(queue);
    if (queue->broken || size > device->buffer_size - HEADER_SIZE)
        return SOLO5_R_EUNSPEC;
    if (queue->held == all)
        return SOLO5_R_AGAIN;
    id = (uint16_t)__builtin_ctzll(~queue->held);
    __builtin_memcpy(buffer_of(device, SEND, id) + HEADER_SIZE, frame, size);
    queue->descriptors[id].size = (uint32_t)(HEADER_SIZE + size);
    virtqueue_give(queue, id);
    notify(device, SEND);
    return SOLO5_R_OK;
}

solo5_result_t virtio_net_read(solo5_handle_t handle, void *frame, size_t *size)
{
    struct device *device = &virtio_devices[handle];
    struct virtqueue *queue = &device->queue[RECEIVE];
    struct virtqueue_used_entry done;
    size_t most = device->entry->u.net_basic.mtu + (size_t)SOLO5_NET_HLEN;

    if (!virtqueue_take(queue, &done))
        return queue->broken ? SOLO5_R_EUNSPEC : SOLO5_R_AGAIN;
    if (done.size < HEADER_SIZE || done.size > device->buffer_size) {
        queue->broken = true;
        return SOLO5_R_EUNSPEC;
    }
    most = most < *size ? most : *size;
    *size = done.size - HEADER_SIZE < most ? done.size - HEADER_SIZE : most;
    __builtin_memcpy(frame, buffer_of(device, RECEIVE, done.id) + HEADER_SIZE, *size);
    virtqueue_give(queue, (uint16_t)done.id);
    notify(device, RECEIVE);
    return SOLO5_R_OK;
}
