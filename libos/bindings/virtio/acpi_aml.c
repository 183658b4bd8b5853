/*
 * acpi_aml.c: two shapes in the bytes of AML; see acpi.h.
 *
 * Name(_S5, Package{...}), whose first two numbers are the types of the state "off"; and _HID "LNRO0005", the
 * name of a virtio-mmio device, whose resources stand between it and the next such name: the descriptors of
 * fixed memory (tag 0x86) and of an interrupt (tag 0x89). A program that interprets all of AML would be
 * larger than the rest of the library OS; machines that compute these values are not met among monitors.
 */
#include "libos/bindings/virtio/acpi_table.h"

#define AML_HEADER    36u
#define NAME_OP       0x08u
#define PACKAGE_OP    0x12u
#define BYTE_PREFIX   0x0au
#define MEMORY_TAG    0x86u
#define MEMORY_SIZE   9u
#define INTERRUPT_TAG 0x89u

static uint8_t byte_at(struct acpi_table *table, uint32_t offset)
{
    return (uint8_t)virtio_acpi_table_number(table, offset, 1);
}

/* 20.2.3: a small number in AML, at *OFFSET, which is moved behind it; what is not one counts as 0. */
static uint8_t number_take(struct acpi_table *table, uint32_t *offset)
{
    uint8_t byte = byte_at(table, (*offset)++);

    if (byte == BYTE_PREFIX)
        return byte_at(table, (*offset)++);
    return byte == 1;
}

/* 7.4.2: OFFSET is that of the name "_S5_". */
static void off_read(struct acpi *acpi, struct acpi_table *table, uint32_t offset)
{
    uint8_t before = byte_at(table, offset - 1), lead;

    if (before != NAME_OP && !(before == '\\' && byte_at(table, offset - 2) == NAME_OP))
        return;
    if (byte_at(table, offset + 4) != PACKAGE_OP)
        return;
    /* 20.2.4: the two upper bits of a length's first byte count those that follow it; then the number of
     * elements. */
    lead = byte_at(table, offset + 5);
    offset += 7u + (lead >> 6);
    acpi->sleep_type[0] = number_take(table, &offset);
    acpi->sleep_type[1] = number_take(table, &offset);
    acpi->can_sleep = true;
}

/* 6.4.3.4 and 6.4.3.6: the first memory and the first interrupt between START and END. */
static void device_read(struct virtio_places *places, struct acpi_table *table, uint32_t start, uint32_t end)
{
    uint64_t address = 0, interrupt = 0;
    bool routed = false;

    for (uint32_t at = start; at < end; at++) {
        uint32_t size = (uint32_t)virtio_acpi_table_number(table, at + 1, 2);
        if (byte_at(table, at) == MEMORY_TAG && size == MEMORY_SIZE && address == 0) {
            address = virtio_acpi_table_number(table, at + 4, 4);
            at += 2 + size;
        } else if (byte_at(table, at) == INTERRUPT_TAG && size >= 6 && address != 0 &&
                   byte_at(table, at + 4) == 1) {
            interrupt = virtio_acpi_table_number(table, at + 5, 4);
            routed = true;
            break;
        }
    }
    if (address != 0 && routed)
        virtio_places_add(places, address, (uint32_t)interrupt);
}

static bool text_is(struct acpi_table *table, uint32_t offset, const char *text, uint32_t size)
{
    char found[8];

    return virtio_acpi_table_bytes(table, offset, found, size) && __builtin_memcmp(found, text, size) == 0;
}

void virtio_acpi_aml_read(struct acpi *acpi, struct virtio_places *places, struct acpi_table *table)
{
    uint32_t device = 0;

    for (uint32_t at = AML_HEADER; at < table->size; at++) {
        uint8_t byte = byte_at(table, at);
        if (byte == '_' && text_is(table, at, "_S5_", 4)) {
            off_read(acpi, table, at);
        } else if (byte == 'L' && text_is(table, at, "LNRO0005", 8)) {
            if (device != 0)
                device_read(places, table, device, at);
            device = at;
        }
    }
    if (device != 0)
        device_read(places, table, device, table->size);
}
