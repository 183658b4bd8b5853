/*
 * pci.h: the configuration space of PCI, by the two ports that every machine with PCI has.
 *
 * The memory-mapped way (ECAM) would reach further registers, of which none is used.
 */
#ifndef BINDINGS_VIRTIO_X86_64_PCI_H
#define BINDINGS_VIRTIO_X86_64_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_SIZE              256u /* bytes of a function's configuration space */
#define PCI_VENDOR            0x00u
#define PCI_DEVICE            0x02u
#define PCI_COMMAND           0x04u
#define PCI_COMMAND_MEMORY    2u
#define PCI_COMMAND_MASTER    4u
#define PCI_COMMAND_NO_INTX   0x400u
#define PCI_STATUS            0x06u
#define PCI_STATUS_HAS_LIST   0x10u
#define PCI_BAR               0x10u
#define PCI_SUBSYSTEM         0x2eu
#define PCI_CAPABILITIES      0x34u
#define PCI_CAPABILITY_MSIX   0x11u
#define PCI_CAPABILITY_VENDOR 0x09u

/* A function's place: bus, device, function, as the ports want it. */
typedef uint32_t pci_place;

/* The register of 1, 2 or 4 bytes at OFFSET, which is a multiple of its size; all ones beyond the space. */
uint32_t virtio_pci_read(pci_place place, uint32_t offset, unsigned size);
void virtio_pci_write16(pci_place place, uint32_t offset, uint16_t value);

/* The physical address of [OFFSET, OFFSET + SIZE) in the region INDEX of the function; 0: there is none. */
uint64_t virtio_pci_region(pci_place place, uint32_t index, uint32_t offset, uint32_t size);

/* Calls FOUND for every function, in the order of bus, device and function. */
void virtio_pci_list(void (*found)(pci_place place));

#endif
