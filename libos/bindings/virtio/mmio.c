/* mmio.c: a virtio device as registers in memory. Source: VIRTIO 1.2, 4.2.2. */
#include "libos/bindings/virtio/transport.h"
#include "libos/bindings/virtio/x86_64/interrupts.h"
#include "libos/bindings/virtio/x86_64/paging.h"

#define MAGIC   0x74726976u
#define VERSION 2u
#define SIZE    0x200u /* bytes that every such device has */
#define CONFIG  0x100u

enum {
    MAGIC_VALUE = 0x00,
    DEVICE_VERSION = 0x04,
    DEVICE_ID = 0x08,
    DEVICE_FEATURES = 0x10,
    DEVICE_FEATURES_WORD = 0x14,
    DRIVER_FEATURES = 0x20,
    DRIVER_FEATURES_WORD = 0x24,
    QUEUE_SELECT = 0x30,
    QUEUE_MOST = 0x34,
    QUEUE_SIZE = 0x38,
    QUEUE_READY = 0x44,
    QUEUE_NOTIFY = 0x50,
    INTERRUPT_STATUS = 0x60,
    INTERRUPT_ACKNOWLEDGE = 0x64,
    STATUS = 0x70,
    QUEUE_DESCRIPTORS = 0x80,
    QUEUE_AVAILABLE = 0x90,
    QUEUE_USED = 0xa0
};

static uint32_t get(const struct transport *transport, uint32_t offset)
{
    return register_read(transport->registers + offset, 4);
}

static void set(const struct transport *transport, uint32_t offset, uint32_t value)
{
    register_write(transport->registers + offset, 4, value);
}

static uint8_t mmio_status(const struct transport *transport)
{
    return (uint8_t)get(transport, STATUS);
}

static void mmio_set_status(const struct transport *transport, uint8_t status)
{
    set(transport, STATUS, status);
}

static uint32_t mmio_features(const struct transport *transport, uint32_t word)
{
    set(transport, DEVICE_FEATURES_WORD, word);
    return get(transport, DEVICE_FEATURES);
}

static void mmio_set_features(const struct transport *transport, uint32_t word, uint32_t features)
{
    set(transport, DRIVER_FEATURES_WORD, word);
    set(transport, DRIVER_FEATURES, features);
}

static uint32_t mmio_queue_most(const struct transport *transport, uint16_t index)
{
    set(transport, QUEUE_SELECT, index);
    return get(transport, QUEUE_MOST);
}

static void set_address(const struct transport *transport, uint32_t offset, const void *address)
{
    set(transport, offset, (uint32_t)(uintptr_t)address);
    set(transport, offset + 4, (uint32_t)((uintptr_t)address >> 32));
}

static bool mmio_queue_open(struct transport *transport, uint16_t index, const struct virtqueue *queue)
{
    set(transport, QUEUE_SELECT, index);
    if (get(transport, QUEUE_READY) != 0)
        return false;
    set(transport, QUEUE_SIZE, queue->size);
    set_address(transport, QUEUE_DESCRIPTORS, queue->descriptors);
    set_address(transport, QUEUE_AVAILABLE, queue->available);
    set_address(transport, QUEUE_USED, queue->used);
    set(transport, QUEUE_READY, 1);
    return get(transport, QUEUE_READY) == 1;
}

static void mmio_notify(const struct transport *transport, uint16_t index)
{
    set(transport, QUEUE_NOTIFY, index);
}

static uint32_t mmio_config(const struct transport *transport, uint32_t offset, unsigned size)
{
    return offset + size <= transport->config_size ? register_read(transport->config + offset, size) : 0;
}

static void mmio_acknowledge(const struct transport *transport)
{
    uint32_t status = get(transport, INTERRUPT_STATUS);

    if (status != 0)
        set(transport, INTERRUPT_ACKNOWLEDGE, status);
}

static const struct transport_ops ops = {
    .status = mmio_status,
    .set_status = mmio_set_status,
    .features = mmio_features,
    .set_features = mmio_set_features,
    .queue_most = mmio_queue_most,
    .queue_open = mmio_queue_open,
    .notify = mmio_notify,
    .config = mmio_config,
    .acknowledge = mmio_acknowledge,
};

bool virtio_mmio_open(struct transport *transport, const struct virtio_place *place, bool *legacy)
{
    *transport = (struct transport){.ops = &ops, .config_size = SIZE - CONFIG};
    transport->registers = virtio_paging_device(place->address, SIZE);
    if ((place->address & 3) != 0 || !transport->registers || get(transport, MAGIC_VALUE) != MAGIC)
        return false;
    transport->config = transport->registers + CONFIG;
    transport->type = get(transport, DEVICE_ID);
    if (transport->type == 0)
        return false;
    if (get(transport, DEVICE_VERSION) != VERSION) {
        *legacy = true;
        return false;
    }
    if (transport->type == VIRTIO_NET || transport->type == VIRTIO_BLOCK)
        transport->interrupts = virtio_interrupts_route(place->interrupt);
    return true;
}
