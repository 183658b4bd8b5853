/*
 * device.h: the virtio devices of a machine, and which of them is which device of the manifest.
 *
 * The first network device of the manifest is the first that is found, and so on; the same for block devices.
 * PCI is looked through first, by bus, device and function, then virtio-mmio, by address.
 */
#ifndef BINDINGS_VIRTIO_DEVICE_H
#define BINDINGS_VIRTIO_DEVICE_H

#include <bivy/abi/manifest.h>
#include <solo5.h>

#include "libos/bindings/virtio/transport.h"

#define DEVICE_QUEUES TRANSPORT_QUEUES

struct device {
    struct transport transport;
    struct mft_entry *entry; /* what it is in the manifest */
    struct virtqueue queue[DEVICE_QUEUES];
    uint8_t *buffers;     /* for the device to read and write */
    uint32_t buffer_size; /* bytes of each */
    uint64_t features;    /* that both sides know */
};

/* The device behind a handle of the manifest. */
extern struct device virtio_devices[MFT_MAX_ENTRIES];

/* Finds the devices of MANIFEST, fills in what they say and marks them attached. Ends the machine with a
 * sentence if one is missing or fails. Returns the bytes of memory that virtio_devices_start() needs, a
 * multiple of 4096. */
size_t virtio_devices_find(struct mft *manifest, struct virtio_places *places);

/* Gives the devices MEMORY, zero-filled, and starts them. */
void virtio_devices_start(const struct mft *manifest, uint8_t *memory);

/* Lets go of interrupt lines. */
void virtio_devices_acknowledge(void);

/* The smallest time after which somebody has to look at the devices, because one of them has no interrupt. */
solo5_time_t virtio_devices_patience(void);

/* What is different about each type. FEATURES are those that the driver knows. */
struct device_kind {
    enum mft_type manifest_type;
    const char *missing; /* a sentence */
    uint64_t features;
    uint16_t queues, descriptors;            /* how many queues it uses, and the most descriptors of each */
    void (*describe)(struct device *device); /* fills the entry of the manifest */
    uint32_t (*buffer)(
        struct device *device); /* bytes of a buffer; there is one for each descriptor of each queue */
    void (*start)(struct device *device); /* after the device has started */
};
extern const struct device_kind virtio_device_net, virtio_device_block;

#define DEVICE_FEATURE(bit) (UINT64_C(1) << (bit))

/* Operations of the bindings. */
solo5_handle_set_t virtio_net_ready(void);
void virtio_net_interrupts(bool wanted);
bool virtio_net_sending(void); /* a frame has not left yet */
solo5_result_t virtio_net_write(solo5_handle_t handle, const void *frame, size_t size);
solo5_result_t virtio_net_read(solo5_handle_t handle, void *frame, size_t *size);
solo5_result_t virtio_block_write(solo5_handle_t handle, solo5_off_t offset, const void *data, size_t size);
solo5_result_t virtio_block_read(solo5_handle_t handle, solo5_off_t offset, void *data, size_t size);

#endif
