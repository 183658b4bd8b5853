/* frame.c: the writing cursor; see frame.h. */
#include "frame.h"

uint8_t *frame_room(struct frame_writer *writer, size_t size)
{
    if (writer->full || size > (size_t)(writer->end - writer->at)) {
        writer->full = true;
        return NULL;
    }
    uint8_t *room = writer->at;
    writer->at += size;
    return room;
}

void frame_put(struct frame_writer *writer, const void *data, size_t size)
{
    uint8_t *room = frame_room(writer, size);
    if (room != NULL && size > 0)
        memcpy(room, data, size);
}

void frame_fill(struct frame_writer *writer, uint8_t byte, size_t size)
{
    uint8_t *room = frame_room(writer, size);
    if (room != NULL)
        memset(room, byte, size);
}

void frame_put8(struct frame_writer *writer, uint8_t value)
{
    frame_put(writer, &value, 1);
}

void frame_put16(struct frame_writer *writer, uint16_t value)
{
    const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    frame_put(writer, bytes, 2);
}

void frame_put32(struct frame_writer *writer, uint32_t value)
{
    frame_put16(writer, (uint16_t)(value >> 16));
    frame_put16(writer, (uint16_t)value);
}
