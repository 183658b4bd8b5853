/* fuzz_gdb.c: bytes from whoever reaches gdb's port: the packet reader and the fields of a packet. */
#include <stdlib.h>
#include <string.h>

#include "debug/gdb_packet.h"

static void read_fields(const char *text)
{
    uint64_t value;
    uint8_t bytes[GDB_PACKET_MAX];
    const char *next = text;
    while (*next != '\0')
        if (!gdb_take_number(&next, &value) && !gdb_take_char(&next, *next))
            abort();
    gdb_take_bytes(text, bytes, strlen(text) / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gdb_reader reader;
    static char out[GDB_PACKET_MAX + 5];
    memset(&reader, 0, sizeof reader);
    for (size_t i = 0; i < size; i++) {
        if (gdb_reader_take(&reader, data[i]) != GDB_PACKET)
            continue;
        read_fields(reader.text);
        /* What was read is what is written. */
        if (gdb_packet_make(reader.text, out) != reader.size + 4 ||
            memcmp(out + 1, reader.text, reader.size) != 0)
            abort();
    }
    return 0;
}
