/*
 * fuzz_acpi.c: a machine that lies about itself: start information, command line, ACPI tables at any address.
 *
 * The input is the machine's memory; its first bytes are the start information. Reading must end, and touch
 * nothing but that memory, whose end the sanitizer knows. Checksums are set right at the addresses that the
 * seeds use, so that mutations get behind them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libos/bindings/virtio/acpi.h"
#include "libos/bindings/virtio/pvh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TABLES_FROM 0x200u
#define TABLES_STEP 0x100u

struct memory {
    uint8_t *bytes;
    size_t size;
};

static bool read_memory(void *context, uint64_t address, void *to, size_t size)
{
    const struct memory *memory = context;

    if (address > memory->size || size > memory->size - address)
        return false;
    if (size > 0)
        memcpy(to, memory->bytes + address, size);
    return true;
}

/* Makes [AT, AT + SIZE) add up to 0 by its byte SUM. */
static void seal(struct memory *memory, size_t at, size_t size, size_t sum)
{
    uint8_t all = 0;

    if (at > memory->size || size > memory->size - at || sum >= size)
        return;
    for (size_t i = 0; i < size; i++)
        all = (uint8_t)(all + memory->bytes[at + i]);
    memory->bytes[at + sum] = (uint8_t)(memory->bytes[at + sum] - all);
}

static void seal_all(struct memory *memory)
{
    seal(memory, 0x100, 20, 8);
    for (size_t at = TABLES_FROM; at + 36 < memory->size; at += TABLES_STEP) {
        uint32_t length;
        memcpy(&length, memory->bytes + at + 4, sizeof length);
        seal(memory, at, length, 9);
    }
}

static void check(const struct pvh *pvh, const struct virtio_places *places, const struct acpi *acpi)
{
    if (strlen(pvh->cmdline) >= PVH_CMDLINE_SIZE || places->count > PLACES_MOST ||
        acpi->ioapic_count > ACPI_IOAPICS_MOST || acpi->sleep_control.space > ACPI_SPACE_PORT)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pvh pvh;
    struct memory memory = {malloc(size + 1), size};
    const struct physical physical = {read_memory, &memory};
    struct virtio_places places = {.count = 0};
    struct acpi acpi;

    if (memory.bytes == NULL)
        return 0;
    memory.bytes = realloc(memory.bytes, size > 0 ? size : 1);
    if (size > 0)
        memcpy(memory.bytes, data, size);
    seal_all(&memory);
    if (virtio_pvh_read(&pvh, &physical, 0, 0x100000, 0x180000) == NULL)
        virtio_cmdline_split(pvh.cmdline, &places);
    virtio_acpi_read(&acpi, &places, &physical, 0x100);
    if (acpi.sleep_control.address == 0)
        acpi.sleep_control.space = ACPI_SPACE_MEMORY;
    check(&pvh, &places, &acpi);
    free(memory.bytes);
    return 0;
}
