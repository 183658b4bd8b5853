/* acpi.c: finds the tables and reads the fixed ones; see acpi.h. The AML of one of them: acpi_aml.c. */
#include "libos/bindings/virtio/acpi.h"

#include "libos/bindings/virtio/acpi_table.h"

#define TABLES_MOST   64u
#define TABLE_HEADER  36u
#define TABLE_LARGEST (1u << 20)
#define BIOS_START    0xe0000u
#define BIOS_END      0x100000u
#define RSDP_OLD_SIZE 20u

#define SIGNATURE(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

bool virtio_acpi_table_bytes(struct acpi_table *table, uint32_t offset, void *to, uint32_t size)
{
    uint8_t *bytes = to;

    if (offset > table->size || size > table->size - offset)
        return false;
    for (uint32_t i = 0; i < size; i++) {
        uint32_t at = offset + i, block = at & ~(ACPI_BLOCK - 1);
        if (!table->filled || table->block != block) {
            uint32_t room = table->size - block < ACPI_BLOCK ? table->size - block : ACPI_BLOCK;
            table->filled = physical_read(table->memory, table->address + block, table->bytes, room);
            table->block = block;
        }
        if (!table->filled)
            return false;
        bytes[i] = table->bytes[at - block];
    }
    return true;
}

uint64_t virtio_acpi_table_number(struct acpi_table *table, uint32_t offset, uint32_t size)
{
    uint64_t number = 0;

    return size <= sizeof number && virtio_acpi_table_bytes(table, offset, &number, size) ? number : 0;
}

/* 5.2.6: a table is what its header says if all its bytes add up to 0. */
static bool table_open(struct acpi_table *table, const struct physical *memory, uint64_t address,
                       uint32_t *signature)
{
    uint8_t sum = 0;

    *table = (struct acpi_table){.memory = memory, .address = address, .size = TABLE_HEADER};
    *signature = (uint32_t)virtio_acpi_table_number(table, 0, 4);
    table->size = (uint32_t)virtio_acpi_table_number(table, 4, 4);
    table->filled = false;
    if (address == 0 || table->size < TABLE_HEADER || table->size > TABLE_LARGEST ||
        address > UINT64_MAX - table->size)
        return false;
    for (uint32_t i = 0; i < table->size; i++) {
        uint8_t byte;
        if (!virtio_acpi_table_bytes(table, i, &byte, 1))
            return false;
        sum = (uint8_t)(sum + byte);
    }
    return sum == 0;
}

/* 5.2.3.2: a generic address: space, width, offset, size of an access, address. */
static struct acpi_register register_read(struct acpi_table *table, uint32_t offset)
{
    return (struct acpi_register){virtio_acpi_table_number(table, offset + 4, 8),
                                  (uint8_t)virtio_acpi_table_number(table, offset, 1)};
}

/* 5.2.9: the fixed description; it names the table with the AML. */
static void facp_read(struct acpi *acpi, struct virtio_places *places, struct acpi_table *table)
{
    uint64_t address = virtio_acpi_table_number(table, 140, 8);
    struct acpi_table aml;
    uint32_t signature;

    acpi->pm1_control[0] = (uint16_t)virtio_acpi_table_number(table, 64, 4);
    acpi->pm1_control[1] = (uint16_t)virtio_acpi_table_number(table, 68, 4);
    acpi->sleep_control = register_read(table, 244);
    if (acpi->sleep_control.space > ACPI_SPACE_PORT)
        acpi->sleep_control.address = 0;
    if (address == 0)
        address = virtio_acpi_table_number(table, 40, 4);
    if (table_open(&aml, table->memory, address, &signature) && signature == SIGNATURE('D', 'S', 'D', 'T'))
        virtio_acpi_aml_read(acpi, places, &aml);
}

/* 5.2.12: interrupt controllers; an I/O APIC is of type 1 and has 12 bytes. */
static void madt_read(struct acpi *acpi, struct virtio_places *places, struct acpi_table *table)
{
    uint32_t size;

    (void)places;
    for (uint32_t at = 44; at < table->size; at += size) {
        uint32_t type = (uint32_t)virtio_acpi_table_number(table, at, 1);
        size = (uint32_t)virtio_acpi_table_number(table, at + 1, 1);
        if (size < 2)
            return;
        if (type == 1 && size >= 12 && acpi->ioapic_count < ACPI_IOAPICS_MOST)
            acpi->ioapic[acpi->ioapic_count++] =
                (struct acpi_ioapic){(uint32_t)virtio_acpi_table_number(table, at + 4, 4),
                                     (uint32_t)virtio_acpi_table_number(table, at + 8, 4)};
    }
}

static const struct {
    uint32_t signature;
    void (*read)(struct acpi *acpi, struct virtio_places *places, struct acpi_table *table);
} tables[] = {
    {SIGNATURE('F', 'A', 'C', 'P'), facp_read},
    {SIGNATURE('A', 'P', 'I', 'C'), madt_read},
};

/* 5.2.7 and 5.2.8: the list of tables, whose addresses have SIZE bytes. */
static void list_read(struct acpi *acpi, struct virtio_places *places, const struct physical *memory,
                      uint64_t address, uint32_t size)
{
    struct acpi_table list, table;
    uint32_t signature;

    if (!table_open(&list, memory, address, &signature))
        return;
    for (uint32_t i = 0; i < TABLES_MOST && TABLE_HEADER + (i + 1) * size <= list.size; i++) {
        if (!table_open(&table, memory, virtio_acpi_table_number(&list, TABLE_HEADER + i * size, size),
                        &signature))
            continue;
        for (size_t kind = 0; kind < sizeof tables / sizeof *tables; kind++) {
            if (tables[kind].signature == signature)
                tables[kind].read(acpi, places, &table);
        }
    }
}

struct rsdp {
    char signature[8];
    uint8_t checksum, oem[6], revision;
    uint32_t rsdt, length;
    uint64_t xsdt;
    uint8_t checksum2, reserved[3];
};
_Static_assert(sizeof(struct rsdp) == 40, "the root, with four bytes of alignment at its end");

/* 5.2.5: the root; of revision 0 only the first 20 bytes are there. */
static bool rsdp_read(struct rsdp *rsdp, const struct physical *memory, uint64_t address)
{
    static const char signature[8] = {'R', 'S', 'D', ' ', 'P', 'T', 'R', ' '};
    uint8_t bytes[RSDP_OLD_SIZE], sum = 0;

    *rsdp = (struct rsdp){.rsdt = 0};
    if (address > UINT64_MAX - sizeof *rsdp || !physical_read(memory, address, bytes, sizeof bytes))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        sum = (uint8_t)(sum + bytes[i]);
    __builtin_memcpy(rsdp, bytes, sizeof bytes);
    if (sum != 0 || __builtin_memcmp(rsdp->signature, signature, sizeof signature) != 0)
        return false;
    return rsdp->revision == 0 || physical_read(memory, address + 24, &rsdp->xsdt, sizeof rsdp->xsdt);
}

void virtio_acpi_read(struct acpi *acpi, struct virtio_places *places, const struct physical *memory,
                      uint64_t address)
{
    struct rsdp rsdp;
    bool found = address != 0 && rsdp_read(&rsdp, memory, address);

    *acpi = (struct acpi){.ioapic_count = 0};
    for (uint64_t at = BIOS_START; address == 0 && !found && at < BIOS_END; at += 16)
        found = rsdp_read(&rsdp, memory, at);
    if (!found)
        return;
    if (rsdp.xsdt != 0)
        list_read(acpi, places, memory, rsdp.xsdt, 8);
    else
        list_read(acpi, places, memory, rsdp.rsdt, 4);
}
