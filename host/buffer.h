/* buffer.h: a byte buffer that grows up to a limit. */
#ifndef HOST_BUFFER_H
#define HOST_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *data; /* owned; NULL while capacity is 0 */
    size_t size;   /* bytes in use */
    size_t capacity;
    size_t limit; /* bytes; 0: no limit but memory */
};

/* Frees the bytes; the buffer is then empty and may be used again. */
void buffer_free(struct buffer *buffer);

#define cleanup_buffer __attribute__((cleanup(buffer_free)))

/* Makes room for SIZE more bytes and returns where they begin, or NULL: over the limit, or out of
 * memory. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t size);

/* Appends; 0, -EMSGSIZE over the limit, or -ENOMEM; the buffer is unchanged after a failure. */
int buffer_append(struct buffer *buffer, const void *data, size_t size);
int buffer_append_text(struct buffer *buffer, const char *text);
int buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first SIZE bytes (at most all of them). */
void buffer_consume(struct buffer *buffer, size_t size);

#endif
