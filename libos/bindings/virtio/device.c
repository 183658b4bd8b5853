/* device.c: see device.h. Source: VIRTIO 1.2, 3.1 (initialisation) and 6 (features). */
#include "libos/bindings/virtio/device.h"

#include "libos/bindings/virtio/x86_64/paging.h"
#include "libos/bindings/virtio/x86_64/pci.h"
#include "libos/bindings/virtio/x86_64/power.h"

#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER      2u
#define STATUS_RUNNING     4u
#define STATUS_FEATURES    8u
#define FEATURE_VERSION_1  DEVICE_FEATURE(32)
#define RESET_ATTEMPTS     1000000
#define LEAST_QUEUE        4u
#define LOOK_AGAIN_NS      1000000u

struct device virtio_devices[MFT_MAX_ENTRIES];

static struct mft *manifest;
static bool legacy; /* there is a device of an older protocol */

static const struct device_kind *kind_of(uint32_t manifest_type)
{
    return manifest_type == MFT_DEV_NET_BASIC ? &virtio_device_net : &virtio_device_block;
}

static const struct device_kind *kind_of_device(const struct device *device)
{
    return kind_of(device->entry->type);
}

/* Resets the device and agrees on features. */
static bool negotiate(struct device *device, const struct device_kind *kind)
{
    const struct transport *transport = &device->transport;
    const struct transport_ops *ops = transport->ops;
    uint8_t status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    int attempt = 0;

    ops->set_status(transport, 0);
    while (ops->status(transport) != 0) {
        if (attempt++ == RESET_ATTEMPTS)
            return false;
    }
    ops->set_status(transport, STATUS_ACKNOWLEDGE);
    ops->set_status(transport, status);
    device->features = ops->features(transport, 0) | (uint64_t)ops->features(transport, 1) << 32;
    device->features &= kind->features | FEATURE_VERSION_1;
    ops->set_features(transport, 0, (uint32_t)device->features);
    ops->set_features(transport, 1, (uint32_t)(device->features >> 32));
    ops->set_status(transport, status | STATUS_FEATURES);
    return (device->features & FEATURE_VERSION_1) != 0 && (ops->status(transport) & STATUS_FEATURES) != 0;
}

/* The next device of the manifest that TRANSPORT may be, or 0. */
static uint64_t handle_next(const struct transport *transport)
{
    uint32_t type = transport->type == VIRTIO_NET ? MFT_DEV_NET_BASIC : MFT_DEV_BLOCK_BASIC;

    for (uint64_t handle = 1; handle < manifest->entries; handle++) {
        if (manifest->e[handle].type == type && !manifest->e[handle].attached)
            return handle;
    }
    return 0;
}

static void device_found(const struct transport *transport)
{
    uint64_t handle = handle_next(transport);
    struct device *device = &virtio_devices[handle];
    const struct device_kind *kind;

    if (handle == 0 || (transport->type != VIRTIO_NET && transport->type != VIRTIO_BLOCK))
        return;
    *device = (struct device){.transport = *transport, .entry = &manifest->e[handle]};
    kind = kind_of_device(device);
    if (!negotiate(device, kind))
        virtio_power_stop("a virtio device and this image have no protocol in common (version 1 is needed)");
    for (uint16_t i = 0; i < kind->queues; i++) {
        uint32_t most = transport->ops->queue_most(transport, i);
        device->queue[i].size = virtqueue_fit(most < kind->descriptors ? most : kind->descriptors);
        if (device->queue[i].size < LEAST_QUEUE)
            virtio_power_stop("a virtio device has no queue that is large enough");
    }
    kind->describe(device);
    device->buffer_size = kind->buffer(device);
    device->entry->attached = 1;
}

static void pci_found(pci_place place)
{
    struct transport transport;

    if (virtio_pci_open(&transport, place))
        device_found(&transport);
}

/* Places in the order of their addresses: how they were announced depends on the monitor. */
static void mmio_list(struct virtio_places *places)
{
    for (size_t i = 1; i < places->count; i++) {
        struct virtio_place place = places->place[i];
        size_t at = i;
        for (; at > 0 && places->place[at - 1].address > place.address; at--)
            places->place[at] = places->place[at - 1];
        places->place[at] = place;
    }
    for (size_t i = 0; i < places->count; i++) {
        struct transport transport;
        if (virtio_mmio_open(&transport, &places->place[i], &legacy))
            device_found(&transport);
    }
}

static void check_attached(const struct mft_entry *entry)
{
    if (entry->attached)
        return;
    if (legacy)
        virtio_power_stop("this machine's virtio-mmio devices follow an old protocol: give QEMU "
                          "-global virtio-mmio.force-legacy=false");
    virtio_power_stop(kind_of(entry->type)->missing);
}

static size_t device_bytes(const struct device *device)
{
    size_t bytes = 0;

    for (uint16_t i = 0; i < kind_of_device(device)->queues; i++)
        bytes += virtqueue_bytes(device->queue[i].size) + (size_t)device->queue[i].size * device->buffer_size;
    return bytes;
}

size_t virtio_devices_find(struct mft *given, struct virtio_places *places)
{
    size_t bytes = 0;

    manifest = given;
    virtio_pci_list(pci_found);
    mmio_list(places);
    for (uint32_t handle = 1; handle < manifest->entries; handle++) {
        check_attached(&manifest->e[handle]);
        bytes += device_bytes(&virtio_devices[handle]);
    }
    return (bytes + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
}

static uint8_t *device_start(struct device *device, uint8_t *memory)
{
    struct transport *transport = &device->transport;
    const struct device_kind *kind = kind_of_device(device);

    for (uint16_t i = 0; i < kind->queues; i++) {
        uint16_t size = device->queue[i].size;
        virtqueue_open(&device->queue[i], memory, size);
        memory += virtqueue_bytes(size);
        if (!transport->ops->queue_open(transport, i, &device->queue[i]))
            virtio_power_stop("a virtio device did not take its queue");
    }
    device->buffers = memory;
    transport->ops->set_status(transport,
                               STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES | STATUS_RUNNING);
    kind->start(device);
    for (uint16_t i = 0; i < kind->queues; i++)
        memory += (size_t)device->queue[i].size * device->buffer_size;
    return memory;
}

void virtio_devices_start(const struct mft *given, uint8_t *memory)
{
    for (uint32_t handle = 1; handle < given->entries; handle++)
        memory = device_start(&virtio_devices[handle], memory);
}

void virtio_devices_acknowledge(void)
{
    for (uint32_t handle = 1; handle < manifest->entries; handle++) {
        const struct transport *transport = &virtio_devices[handle].transport;
        transport->ops->acknowledge(transport);
    }
}

solo5_time_t virtio_devices_patience(void)
{
    for (uint32_t handle = 1; handle < manifest->entries; handle++) {
        if (!virtio_devices[handle].transport.interrupts)
            return LOOK_AGAIN_NS;
    }
    return UINT64_MAX;
}
