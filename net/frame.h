/*
 * frame.h: the one way to the bytes of a frame: a reading cursor and a writing cursor, both bounded.
 *
 * Every frame, option and name was written by a guest or by a resolver on the network. A cursor that
 * is asked for more than there is turns bad, returns zeros or NULL from then on and never moves past
 * the end, so that a parser checks once, after its last read.
 */
#ifndef NET_FRAME_H
#define NET_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct frame_reader {
    const uint8_t *at, *end;
    bool bad; /* something beyond the end was asked for */
};

struct frame_writer {
    uint8_t *start, *at, *end;
    bool full; /* something did not fit; what was written before stays */
};

static inline struct frame_reader frame_read(const void *data, size_t size)
{
    const uint8_t *start = data;
    return (struct frame_reader){.at = start, .end = start + size};
}

/* Bytes left; none in a bad reader, so that a loop over what is left ends. */
static inline size_t frame_left(const struct frame_reader *reader)
{
    return reader->bad ? 0 : (size_t)(reader->end - reader->at);
}

/* The next SIZE bytes, or NULL. */
static inline const uint8_t *frame_take(struct frame_reader *reader, size_t size)
{
    if (reader->bad || size > frame_left(reader)) {
        reader->bad = true;
        return NULL;
    }
    const uint8_t *taken = reader->at;
    reader->at += size;
    return taken;
}

/* A cursor over the next SIZE bytes only; it is bad if they are not there. */
static inline struct frame_reader frame_part(struct frame_reader *reader, size_t size)
{
    const uint8_t *start = frame_take(reader, size);
    return start != NULL ? frame_read(start, size) : (struct frame_reader){.bad = true};
}

static inline uint8_t frame_take8(struct frame_reader *reader)
{
    const uint8_t *p = frame_take(reader, 1);
    return p != NULL ? p[0] : 0;
}

static inline uint16_t frame_take16(struct frame_reader *reader)
{
    const uint8_t *p = frame_take(reader, 2);
    uint16_t value = 0;
    if (p != NULL)
        value = (uint16_t)((uint32_t)p[0] << 8 | (uint32_t)p[1]);
    return value;
}

static inline uint32_t frame_take32(struct frame_reader *reader)
{
    uint32_t high = frame_take16(reader);
    return high << 16 | frame_take16(reader);
}

/* Copies the next SIZE bytes to TO; zeros where they are not there. */
static inline void frame_copy(struct frame_reader *reader, void *to, size_t size)
{
    const uint8_t *p = frame_take(reader, size);
    if (p != NULL)
        memcpy(to, p, size);
    else
        memset(to, 0, size);
}

static inline struct frame_writer frame_write(void *data, size_t size)
{
    uint8_t *start = data;
    return (struct frame_writer){.start = start, .at = start, .end = start + size};
}

static inline size_t frame_written(const struct frame_writer *writer)
{
    return (size_t)(writer->at - writer->start);
}

/* Room for SIZE bytes, which the caller fills, or NULL. */
uint8_t *frame_room(struct frame_writer *writer, size_t size);

/* Write SIZE bytes of DATA, SIZE times BYTE, an integer in network order. */
void frame_put(struct frame_writer *writer, const void *data, size_t size);
void frame_fill(struct frame_writer *writer, uint8_t byte, size_t size);
void frame_put8(struct frame_writer *writer, uint8_t value);
void frame_put16(struct frame_writer *writer, uint16_t value);
void frame_put32(struct frame_writer *writer, uint32_t value);

#endif
