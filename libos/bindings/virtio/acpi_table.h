/*
 * acpi_table.h: the one way to a table's bytes: no offset beyond its end is ever read.
 *
 * A block is kept, because a table's physical memory has to be mapped for every look at it.
 */
#ifndef BINDINGS_VIRTIO_ACPI_TABLE_H
#define BINDINGS_VIRTIO_ACPI_TABLE_H

#include "libos/bindings/virtio/acpi.h"

#define ACPI_BLOCK 512u

struct acpi_table {
    const struct physical *memory;
    uint64_t address; /* physical */
    uint32_t size;    /* bytes; address + size does not overflow */
    uint32_t block;   /* the offset of what is kept, if it is */
    bool filled;
    uint8_t bytes[ACPI_BLOCK];
};

/* Copies SIZE bytes at OFFSET; false unless all of them lie within the table and can be read. */
bool virtio_acpi_table_bytes(struct acpi_table *table, uint32_t offset, void *to, uint32_t size);

/* The little-endian number of SIZE bytes at OFFSET, or 0 where virtio_acpi_table_bytes() is false. */
uint64_t virtio_acpi_table_number(struct acpi_table *table, uint32_t offset, uint32_t size);

/* Looks for the state "off" and for virtio-mmio devices in a table of AML. */
void virtio_acpi_aml_read(struct acpi *acpi, struct virtio_places *places, struct acpi_table *table);

#endif
