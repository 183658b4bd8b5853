/* pci.c: see pci.h. Source: PCI Local Bus Specification 3.0, 3.2.2.3.2 and 6; PCI-to-PCI Bridge
 * Architecture 1.2, 3. */
#include "libos/bindings/virtio/x86_64/pci.h"

#include "libos/bindings/virtio/x86_64/port.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA    0xcfc
#define ENABLE       0x80000000u
#define NOTHING      0xffffffffu

#define HEADER_TYPE    0x0eu
#define HEADER_MANY    0x80u /* more than one function */
#define HEADER_BRIDGE  1u
#define SECONDARY_BUS  0x19u
#define BAR_IS_PORT    1u
#define BAR_IS_64      4u
#define BARS           6u
#define BUSES          256u
#define DEVICES        32u
#define FUNCTIONS      8u
#define PLACE(b, d, f) ((b) << 16 | (d) << 11 | (f) << 8)

uint32_t virtio_pci_read(pci_place place, uint32_t offset, unsigned size)
{
    uint32_t value;

    if (offset >= PCI_SIZE)
        return NOTHING;
    port_write32(PORT_ADDRESS, ENABLE | place | (offset & ~3u));
    value = port_read32(PORT_DATA) >> 8 * (offset & 3);
    return size == 4 ? value : value & ((1u << 8 * size) - 1);
}

void virtio_pci_write16(pci_place place, uint32_t offset, uint16_t value)
{
    port_write32(PORT_ADDRESS, ENABLE | place | (offset & ~3u));
    port_write16((uint16_t)(PORT_DATA + (offset & 2)), value);
}

uint64_t virtio_pci_region(pci_place place, uint32_t index, uint32_t offset, uint32_t size)
{
    uint64_t base, end;
    uint32_t low;

    if (index >= BARS)
        return 0;
    low = virtio_pci_read(place, PCI_BAR + 4 * index, 4);
    base = low & ~15u;
    if (low & BAR_IS_PORT)
        return 0;
    if ((low & BAR_IS_64) && index + 1 < BARS)
        base |= (uint64_t)virtio_pci_read(place, PCI_BAR + 4 * (index + 1), 4) << 32;
    if (base == 0 || __builtin_add_overflow(base, offset, &base) || __builtin_add_overflow(base, size, &end))
        return 0;
    return base;
}

/* The buses that are known: 0, and those behind bridges. A bus is listed once, whatever bridges say. */
struct buses {
    uint64_t known[BUSES / 64], listed[BUSES / 64];
};

static bool is_there(pci_place place)
{
    return virtio_pci_read(place, PCI_VENDOR, 2) != (NOTHING & 0xffff);
}

static void list_function(struct buses *buses, pci_place place, void (*found)(pci_place place))
{
    if (!is_there(place))
        return;
    found(place);
    if ((virtio_pci_read(place, HEADER_TYPE, 1) & ~HEADER_MANY) == HEADER_BRIDGE) {
        uint32_t bus = virtio_pci_read(place, SECONDARY_BUS, 1);
        buses->known[bus / 64] |= UINT64_C(1) << bus % 64;
    }
}

static void list_bus(struct buses *buses, uint32_t bus, void (*found)(pci_place place))
{
    buses->listed[bus / 64] |= UINT64_C(1) << bus % 64;
    for (uint32_t device = 0; device < DEVICES; device++) {
        bool many = (virtio_pci_read(PLACE(bus, device, 0), HEADER_TYPE, 1) & HEADER_MANY) != 0;
        if (!is_there(PLACE(bus, device, 0)))
            continue;
        for (uint32_t function = 0; function < (many ? FUNCTIONS : 1); function++)
            list_function(buses, PLACE(bus, device, function), found);
    }
}

void virtio_pci_list(void (*found)(pci_place place))
{
    struct buses buses = {.known = {1}};
    bool more = true;

    /* A machine without these ports gives back no address. */
    port_write32(PORT_ADDRESS, ENABLE);
    if (port_read32(PORT_ADDRESS) != ENABLE)
        return;
    while (more) {
        more = false;
        for (uint32_t bus = 0; bus < BUSES; bus++) {
            if (((buses.known[bus / 64] & ~buses.listed[bus / 64]) >> bus % 64 & 1) == 0)
                continue;
            list_bus(&buses, bus, found);
            more = true;
        }
    }
}
