/* hex.h: bytes written as hexadecimal digits, for tests. */
#ifndef TESTS_WIRE_HEX_H
#define TESTS_WIRE_HEX_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The bytes of TEXT, up to the first pair that is not of digits; blanks between pairs are skipped. */
static inline size_t hex_read(const char *text, uint8_t *data, size_t capacity)
{
    size_t size = 0;
    int used;
    for (unsigned byte; size < capacity && sscanf(text, " %2x%n", &byte, &used) == 1; size++, text += used)
        data[size] = (uint8_t)byte;
    return size;
}

#endif
