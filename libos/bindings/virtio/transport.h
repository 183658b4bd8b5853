/*
 * transport.h: how a virtio device is reached: through registers in memory (mmio.c) or as a function of PCI
 * (virtio_pci.c).
 *
 * Source: Virtual I/O Device (VIRTIO) 1.2, 4.1 and 4.2. Only devices that follow version 1 of it are used.
 */
#ifndef BINDINGS_VIRTIO_TRANSPORT_H
#define BINDINGS_VIRTIO_TRANSPORT_H

#include "libos/bindings/virtio/cmdline.h"
#include "libos/bindings/virtio/virtqueue.h"

#define TRANSPORT_QUEUES 2u /* as many as any device here has */

enum virtio_type { VIRTIO_NET = 1, VIRTIO_BLOCK = 2 };

struct transport;

struct transport_ops {
    uint8_t (*status)(const struct transport *transport);
    void (*set_status)(const struct transport *transport, uint8_t status);
    /* 32 of the feature bits, by WORD. */
    uint32_t (*features)(const struct transport *transport, uint32_t word);
    void (*set_features)(const struct transport *transport, uint32_t word, uint32_t features);
    /* The most descriptors of the queue INDEX; 0: there is no such queue. */
    uint32_t (*queue_most)(const struct transport *transport, uint16_t index);
    /* Lets the device use QUEUE as its queue INDEX; false if it does not. */
    bool (*queue_open)(struct transport *transport, uint16_t index, const struct virtqueue *queue);
    void (*notify)(const struct transport *transport, uint16_t index);
    /* The field of SIZE bytes (1, 2 or 4) at OFFSET of the device's own; 0 beyond them. */
    uint32_t (*config)(const struct transport *transport, uint32_t offset, unsigned size);
    /* Lets go of the interrupt line, if there is one. */
    void (*acknowledge)(const struct transport *transport);
};

struct transport {
    const struct transport_ops *ops;
    uint32_t type;   /* enum virtio_type, or another */
    bool interrupts; /* it can end a wait; otherwise it must be looked at */
    volatile uint8_t *registers, *config;
    uint32_t config_size; /* bytes */
    volatile uint8_t *notify[TRANSPORT_QUEUES];
    uint32_t pci_place;
    uint8_t notify_capability; /* where its description stands in the configuration space */
};

/* The device whose registers are at PLACE; false if there is none of version 1. *LEGACY is set if there is an
 * older one. */
bool virtio_mmio_open(struct transport *transport, const struct virtio_place *place, bool *legacy);

/* The device that is the function of PCI at PLACE; false if it is none. */
bool virtio_pci_open(struct transport *transport, uint32_t place);

/* The field of SIZE bytes at POINTER, in one access. */
static inline uint32_t register_read(const volatile uint8_t *pointer, unsigned size)
{
    if (size == 4)
        return *(const volatile uint32_t *)(const volatile void *)pointer;
    return size == 2 ? *(const volatile uint16_t *)(const volatile void *)pointer : *pointer;
}

static inline void register_write(volatile uint8_t *pointer, unsigned size, uint32_t value)
{
    if (size == 4)
        *(volatile uint32_t *)(volatile void *)pointer = value;
    else if (size == 2)
        *(volatile uint16_t *)(volatile void *)pointer = (uint16_t)value;
    else
        *pointer = (uint8_t)value;
}

#endif
