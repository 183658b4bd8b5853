/* virtio_pci.c: a virtio device as a function of PCI. Source: VIRTIO 1.2, 4.1; MSI-X: PCI 3.0, 6.8.2. */
#include "libos/bindings/virtio/transport.h"
#include "libos/bindings/virtio/x86_64/interrupts.h"
#include "libos/bindings/virtio/x86_64/paging.h"
#include "libos/bindings/virtio/x86_64/pci.h"

#define VENDOR            0x1af4u
#define DEVICE_FIRST      0x1000u /* those that also know an older protocol, whose type stands elsewhere */
#define DEVICE_VERSION_1  0x1040u /* less this, the number of any other is its type */
#define DEVICE_LAST       0x107fu
#define CAPABILITIES_MOST 48u
#define COMMON_SIZE       56u
#define NO_VECTOR         0xffffu
#define MSIX_ENABLE       0x8000u
#define MSIX_MASK_ALL     0x4000u
#define MSIX_ENTRY_SIZE   16u

/* Which part of the device a capability of the vendor describes. */
enum { PART_COMMON = 1, PART_NOTIFY = 2, PART_CONFIG = 4 };

/* The common part. */
enum {
    DEVICE_FEATURES_WORD = 0,
    DEVICE_FEATURES = 4,
    DRIVER_FEATURES_WORD = 8,
    DRIVER_FEATURES = 12,
    CONFIG_VECTOR = 16,
    STATUS = 20,
    QUEUE_SELECT = 22,
    QUEUE_SIZE = 24,
    QUEUE_VECTOR = 26,
    QUEUE_ENABLE = 28,
    QUEUE_NOTIFY_OFFSET = 30,
    QUEUE_DESCRIPTORS = 32,
    QUEUE_AVAILABLE = 40,
    QUEUE_USED = 48
};

static uint32_t get(const struct transport *transport, uint32_t offset, unsigned size)
{
    return register_read(transport->registers + offset, size);
}

static void set(const struct transport *transport, uint32_t offset, unsigned size, uint32_t value)
{
    register_write(transport->registers + offset, size, value);
}

static uint8_t pci_status(const struct transport *transport)
{
    return (uint8_t)get(transport, STATUS, 1);
}

static void pci_set_status(const struct transport *transport, uint8_t status)
{
    set(transport, STATUS, 1, status);
}

static uint32_t pci_features(const struct transport *transport, uint32_t word)
{
    set(transport, DEVICE_FEATURES_WORD, 4, word);
    return get(transport, DEVICE_FEATURES, 4);
}

static void pci_set_features(const struct transport *transport, uint32_t word, uint32_t features)
{
    set(transport, DRIVER_FEATURES_WORD, 4, word);
    set(transport, DRIVER_FEATURES, 4, features);
}

static uint32_t pci_queue_most(const struct transport *transport, uint16_t index)
{
    set(transport, QUEUE_SELECT, 2, index);
    return get(transport, QUEUE_SIZE, 2);
}

static void set_address(const struct transport *transport, uint32_t offset, const void *address)
{
    set(transport, offset, 4, (uint32_t)(uintptr_t)address);
    set(transport, offset + 4, 4, (uint32_t)((uintptr_t)address >> 32));
}

/* The memory that a capability of the vendor describes, less its first SKIP bytes, of which SIZE must be
 * there. */
static volatile uint8_t *part_map(const struct transport *transport, uint32_t capability, uint32_t skip,
                                  uint32_t size)
{
    uint32_t place = transport->pci_place, offset = virtio_pci_read(place, capability + 8, 4);
    uint32_t length = virtio_pci_read(place, capability + 12, 4);
    uint64_t address;

    if (skip > length || size > length - skip || __builtin_add_overflow(offset, skip, &offset))
        return NULL;
    address = virtio_pci_region(place, virtio_pci_read(place, capability + 4, 1), offset, size);
    return address != 0 ? virtio_paging_device(address, size) : NULL;
}

static bool pci_queue_open(struct transport *transport, uint16_t index, const struct virtqueue *queue)
{
    uint32_t multiplier = virtio_pci_read(transport->pci_place, transport->notify_capability + 16u, 4),
             offset;

    set(transport, QUEUE_SELECT, 2, index);
    if (get(transport, QUEUE_ENABLE, 2) != 0 ||
        __builtin_mul_overflow(get(transport, QUEUE_NOTIFY_OFFSET, 2), multiplier, &offset))
        return false;
    transport->notify[index] = part_map(transport, transport->notify_capability, offset, 2);
    if (!transport->notify[index])
        return false;
    set(transport, QUEUE_SIZE, 2, queue->size);
    set(transport, QUEUE_VECTOR, 2, transport->interrupts ? 0 : NO_VECTOR);
    if (transport->interrupts && get(transport, QUEUE_VECTOR, 2) != 0)
        transport->interrupts = false;
    set_address(transport, QUEUE_DESCRIPTORS, queue->descriptors);
    set_address(transport, QUEUE_AVAILABLE, queue->available);
    set_address(transport, QUEUE_USED, queue->used);
    set(transport, QUEUE_ENABLE, 2, 1);
    return true;
}

static void pci_notify(const struct transport *transport, uint16_t index)
{
    register_write(transport->notify[index], 2, index);
}

static uint32_t pci_config(const struct transport *transport, uint32_t offset, unsigned size)
{
    return offset + size <= transport->config_size ? register_read(transport->config + offset, size) : 0;
}

static void pci_acknowledge(const struct transport *transport)
{
    (void)transport; /* a message leaves nothing behind */
}

static const struct transport_ops ops = {
    .status = pci_status,
    .set_status = pci_set_status,
    .features = pci_features,
    .set_features = pci_set_features,
    .queue_most = pci_queue_most,
    .queue_open = pci_queue_open,
    .notify = pci_notify,
    .config = pci_config,
    .acknowledge = pci_acknowledge,
};

/* One message for all queues; the table's other entries stay masked, as they are after a reset. */
static void msix_open(struct transport *transport, uint32_t capability)
{
    uint32_t place = transport->pci_place, table = virtio_pci_read(place, capability + 4, 4), data;
    uint64_t region = virtio_pci_region(place, table & 7, table & ~7u, MSIX_ENTRY_SIZE), address;
    volatile uint8_t *entry = region != 0 ? virtio_paging_device(region, MSIX_ENTRY_SIZE) : NULL;
    uint16_t control = (uint16_t)virtio_pci_read(place, capability + 2, 2);

    if (!entry)
        return;
    virtio_pci_write16(place, capability + 2, (uint16_t)(control | MSIX_ENABLE | MSIX_MASK_ALL));
    virtio_interrupts_message(&address, &data);
    register_write(entry, 4, (uint32_t)address);
    register_write(entry + 4, 4, (uint32_t)(address >> 32));
    register_write(entry + 8, 4, data);
    register_write(entry + 12, 4, 0);
    virtio_pci_write16(place, capability + 2, (uint16_t)((control | MSIX_ENABLE) & ~MSIX_MASK_ALL));
    transport->interrupts = true;
}

static void vendor_read(struct transport *transport, uint8_t at)
{
    switch (virtio_pci_read(transport->pci_place, at + 3u, 1)) {
    case PART_COMMON:
        if (!transport->registers)
            transport->registers = part_map(transport, at, 0, COMMON_SIZE);
        break;
    case PART_NOTIFY:
        if (transport->notify_capability == 0)
            transport->notify_capability = at;
        break;
    case PART_CONFIG:
        if (!transport->config) {
            uint32_t size = virtio_pci_read(transport->pci_place, at + 12u, 4);
            transport->config_size = size < PAGE_SIZE ? size : (uint32_t)PAGE_SIZE;
            transport->config = part_map(transport, at, 0, transport->config_size);
        }
        break;
    default:
        break;
    }
}

static void capabilities_read(struct transport *transport)
{
    uint32_t place = transport->pci_place;
    uint8_t at = (uint8_t)(virtio_pci_read(place, PCI_CAPABILITIES, 1) & ~3u);

    if ((virtio_pci_read(place, PCI_STATUS, 2) & PCI_STATUS_HAS_LIST) == 0)
        return;
    for (unsigned i = 0; at >= 0x40 && i < CAPABILITIES_MOST; i++) {
        uint32_t kind = virtio_pci_read(place, at, 1);
        if (kind == PCI_CAPABILITY_VENDOR)
            vendor_read(transport, at);
        else if (kind == PCI_CAPABILITY_MSIX)
            msix_open(transport, at);
        at = (uint8_t)(virtio_pci_read(place, at + 1u, 1) & ~3u);
    }
}

static uint32_t type_read(uint32_t place)
{
    uint32_t device = virtio_pci_read(place, PCI_DEVICE, 2);

    if (virtio_pci_read(place, PCI_VENDOR, 2) != VENDOR || device < DEVICE_FIRST || device > DEVICE_LAST)
        return 0;
    return device < DEVICE_VERSION_1 ? virtio_pci_read(place, PCI_SUBSYSTEM, 2) : device - DEVICE_VERSION_1;
}

bool virtio_pci_open(struct transport *transport, uint32_t place)
{
    uint16_t command = (uint16_t)virtio_pci_read(place, PCI_COMMAND, 2);

    *transport = (struct transport){.ops = &ops, .pci_place = place, .type = type_read(place)};
    if (transport->type != VIRTIO_NET && transport->type != VIRTIO_BLOCK)
        return false;
    virtio_pci_write16(place, PCI_COMMAND,
                       command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX);
    capabilities_read(transport);
    return transport->registers && transport->notify_capability != 0 && transport->config;
}
