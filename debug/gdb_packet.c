/* gdb_packet.c: see gdb_packet.h. */
#include "debug/gdb_packet.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum gdb_event take_idle(struct gdb_reader *reader, uint8_t byte)
{
    if (byte == '$') {
        reader->state = GDB_TEXT;
        reader->size = 0;
        reader->sum = reader->got = 0;
        reader->overflow = false;
    }
    return byte == 3 ? GDB_INTERRUPT : byte == '-' ? GDB_RESEND : GDB_NOTHING;
}

static void take_text(struct gdb_reader *reader, uint8_t byte)
{
    if (byte == '#') {
        reader->state = GDB_SUM1;
        return;
    }
    reader->sum = (uint8_t)(reader->sum + byte);
    if (reader->size < GDB_PACKET_MAX)
        reader->text[reader->size++] = (char)byte;
    else
        reader->overflow = true;
}

enum gdb_event gdb_reader_take(struct gdb_reader *reader, uint8_t byte)
{
    int value = digit_value((char)byte);
    switch (reader->state) {
    case GDB_IDLE:
        return take_idle(reader, byte);
    case GDB_TEXT:
        take_text(reader, byte);
        return GDB_NOTHING;
    case GDB_SUM1:
        reader->got = (uint8_t)(value < 0 ? ~reader->sum : value << 4);
        reader->state = GDB_SUM2;
        return GDB_NOTHING;
    case GDB_SUM2:
        break;
    }
    reader->state = GDB_IDLE;
    reader->text[reader->size] = '\0';
    bool whole = value >= 0 && (reader->got | value) == reader->sum && !reader->overflow;
    return whole && memchr(reader->text, '\0', reader->size) == NULL ? GDB_PACKET : GDB_BAD;
}

bool gdb_take_number(const char **text, uint64_t *value)
{
    const char *start = *text;
    *value = 0;
    while (digit_value(**text) >= 0 && *text - start < 16)
        *value = *value << 4 | (unsigned)digit_value(*(*text)++);
    return *text > start;
}

bool gdb_take_char(const char **text, char wanted)
{
    if (**text != wanted)
        return false;
    ++*text;
    return true;
}

bool gdb_take_bytes(const char *text, uint8_t *bytes, size_t size)
{
    if (strlen(text) != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = digit_value(text[2 * i]);
        int low = digit_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void gdb_put_bytes(char *text, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[from[i] >> 4];
        text[2 * i + 1] = digits[from[i] & 15];
    }
    text[2 * size] = '\0';
}

size_t gdb_packet_make(const char *text, char *out)
{
    size_t size = strlen(text);
    uint8_t sum = 0;
    out[0] = '$';
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + (uint8_t)(out[i + 1] = text[i]));
    out[size + 1] = '#';
    out[size + 2] = digits[sum >> 4];
    out[size + 3] = digits[sum & 15];
    return size + 4;
}
