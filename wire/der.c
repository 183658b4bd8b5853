/* der.c: tags, lengths and integers of DER; see der.h. */
#include "wire/der.h"

#include <string.h>

#define LONG_NUMBER 0x1fu /* the number follows in bytes of its own */

static bool take_byte(struct der_reader *reader, uint8_t *byte)
{
    if (reader->size == 0)
        return false;
    *byte = *reader->data++;
    reader->size--;
    return true;
}

/* X.690, 8.1.2.4: seven bits a byte, no leading zero, only for numbers that the short form cannot hold. */
static const char *read_long_number(struct der_reader *reader, uint32_t *number)
{
    uint32_t value = 0;
    uint8_t byte;
    do {
        if (!take_byte(reader, &byte))
            return "cut short in a tag";
        if (value == 0 && byte == 0x80)
            return "a tag that is not minimal";
        if (value > DER_NUMBER_MAX >> 7)
            return "a tag that is too large";
        value = value << 7 | (byte & 0x7fu);
    } while (byte & 0x80);
    if (value < LONG_NUMBER)
        return "a tag that is not minimal";
    *number = value;
    return NULL;
}

static const char *read_tag(struct der_reader *reader, uint32_t *tag)
{
    uint8_t byte;
    if (!take_byte(reader, &byte))
        return "nothing where a value should be";
    uint32_t number = byte & LONG_NUMBER;
    if (number == LONG_NUMBER) {
        const char *why = read_long_number(reader, &number);
        if (why != NULL)
            return why;
    }
    *tag = (uint32_t)(byte & 0xe0) << 24 | number;
    return NULL;
}

static const char *read_length(struct der_reader *reader, size_t *length)
{
    uint8_t byte;
    if (!take_byte(reader, &byte))
        return "cut short in a length";
    if (byte < 0x80) {
        *length = byte;
        return NULL;
    }
    if (byte == 0x80)
        return "an indefinite length";
    size_t bytes = byte & 0x7f;
    size_t value = 0;
    if (bytes > sizeof value)
        return "a length that is too large";
    for (size_t i = 0; i < bytes; i++) {
        if (!take_byte(reader, &byte))
            return "cut short in a length";
        if (i == 0 && byte == 0)
            return "a length that is not minimal";
        value = value << 8 | byte;
    }
    if (value < 0x80)
        return "a length that is not minimal";
    *length = value;
    return NULL;
}

const char *der_read(struct der_reader *reader, struct der_item *item)
{
    struct der_reader at = *reader;
    const char *why = read_tag(&at, &item->tag);
    if (why == NULL)
        why = read_length(&at, &item->size);
    if (why != NULL)
        return why;
    if (item->size > at.size)
        return "longer than what is left";
    item->data = at.data;
    reader->data = at.data + item->size;
    reader->size = at.size - item->size;
    return NULL;
}

const char *der_read_integer(const struct der_item *item, int64_t *value)
{
    const uint8_t *data = item->data;
    if (item->size == 0)
        return "an integer without digits";
    if (item->size > 1 && ((data[0] == 0 && data[1] < 0x80) || (data[0] == 0xff && data[1] >= 0x80)))
        return "an integer that is not minimal";
    if (item->size > sizeof *value)
        return "an integer outside 63 bits";
    uint64_t bits = data[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < item->size; i++)
        bits = bits << 8 | data[i];
    int64_t result = (int64_t)bits;
    if (result < DER_INTEGER_MIN || result > DER_INTEGER_MAX)
        return "an integer outside 63 bits";
    *value = result;
    return NULL;
}

uint8_t *der_written(const struct der_writer *writer)
{
    return writer->data + (writer->capacity - writer->size);
}

void der_write(struct der_writer *writer, const void *data, size_t size)
{
    size_t total;
    if (__builtin_add_overflow(writer->size, size, &total) ||
        (writer->data != NULL && total > writer->capacity))
        writer->full = true;
    if (writer->full)
        return;
    writer->size = total;
    if (writer->data != NULL && size > 0)
        memcpy(der_written(writer), data, size);
}

static void write_byte(struct der_writer *writer, uint8_t byte)
{
    der_write(writer, &byte, 1);
}

void der_write_header(struct der_writer *writer, uint32_t tag, size_t size)
{
    size_t left = size;
    uint8_t bytes = 0;
    while (size >= 0x80 && left > 0) {
        write_byte(writer, (uint8_t)left);
        left >>= 8;
        bytes++;
    }
    write_byte(writer, size < 0x80 ? (uint8_t)size : (uint8_t)(0x80 | bytes));
    uint32_t number = tag & DER_NUMBER_MAX;
    uint8_t first = (uint8_t)(tag >> 24 & 0xe0);
    if (number < LONG_NUMBER) {
        write_byte(writer, (uint8_t)(first | number));
        return;
    }
    write_byte(writer, number & 0x7f);
    while ((number >>= 7) > 0)
        write_byte(writer, (uint8_t)(0x80 | (number & 0x7f)));
    write_byte(writer, first | LONG_NUMBER);
}

void der_write_integer(struct der_writer *writer, int64_t value)
{
    uint8_t low;
    do {
        low = (uint8_t)value;
        write_byte(writer, low);
        value >>= 8;
    } while (value != (low & 0x80 ? -1 : 0));
}
