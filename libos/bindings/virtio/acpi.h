/*
 * acpi.h: the few facts that a unikernel wants of a machine's ACPI tables.
 *
 * How to switch the machine off, where interrupt controllers are, and where virtio-mmio devices are that no
 * command line names. AML, ACPI's language, is not interpreted: the two shapes that are wanted are looked for
 * in its bytes. Every table may be wrong, and be anywhere. Source: the ACPI specification, 5.2 and 19; its
 * sections stand in acpi.c. Pure, so that it is tested on the host.
 */
#ifndef BINDINGS_VIRTIO_ACPI_H
#define BINDINGS_VIRTIO_ACPI_H

#include "libos/bindings/virtio/cmdline.h"
#include "libos/bindings/virtio/physical.h"

#define ACPI_IOAPICS_MOST 8u

enum acpi_space { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_PORT = 1 };

/* A register; not there if its address is 0. */
struct acpi_register {
    uint64_t address;
    uint8_t space; /* enum acpi_space */
};

struct acpi_ioapic {
    uint32_t address, first; /* physical; the first global interrupt number of its inputs */
};

struct acpi {
    bool can_sleep;                     /* the type of the state "off" is known: */
    uint8_t sleep_type[2];              /* what to write to the two registers of power management */
    struct acpi_register sleep_control; /* of machines with reduced hardware */
    uint16_t pm1_control[2];            /* ports; 0: not there */
    struct acpi_ioapic ioapic[ACPI_IOAPICS_MOST];
    size_t ioapic_count;
};

/*
 * Fills *ACPI from the tables whose root is at RSDP, or is searched for where a BIOS puts it if RSDP is 0,
 * and adds the virtio-mmio devices that are described to PLACES. What cannot be read or understood is left
 * out.
 */
void virtio_acpi_read(struct acpi *acpi, struct virtio_places *places, const struct physical *memory,
                      uint64_t rsdp);

#endif
