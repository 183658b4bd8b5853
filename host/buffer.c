/* buffer.c: a byte buffer that grows up to a limit; see buffer.h. */
#define _GNU_SOURCE
#include "buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    buffer->data = NULL;
    buffer->size = 0;
    buffer->capacity = 0;
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t size)
{
    size_t needed;
    if (__builtin_add_overflow(buffer->size, size, &needed))
        return NULL;
    if (buffer->limit != 0 && needed > buffer->limit)
        return NULL;
    if (needed > buffer->capacity || buffer->data == NULL) {
        size_t capacity = buffer->capacity > 0 ? buffer->capacity : 256;
        while (capacity < needed)
            if (__builtin_mul_overflow(capacity, (size_t)2, &capacity))
                return NULL;
        uint8_t *data = realloc(buffer->data, capacity);
        if (data == NULL)
            return NULL;
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

int buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    uint8_t *to = buffer_reserve(buffer, size);
    if (to == NULL)
        return buffer->limit != 0 && size > buffer->limit - buffer->size ? -EMSGSIZE : -ENOMEM;
    if (size > 0)
        memcpy(to, data, size);
    buffer->size += size;
    return 0;
}

int buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

int buffer_printf(struct buffer *buffer, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int size = vasprintf(&text, format, args);
    va_end(args);
    if (size < 0)
        return -ENOMEM;
    int result = buffer_append(buffer, text, (size_t)size);
    free(text);
    return result;
}

void buffer_consume(struct buffer *buffer, size_t size)
{
    if (size > buffer->size)
        size = buffer->size;
    buffer->size -= size;
    if (buffer->size > 0 && size > 0)
        memmove(buffer->data, buffer->data + size, buffer->size);
}
