/* frame.c: messages and chunks on a stream; see frame.h. */
#include "wire/frame.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host/error.h"
#include "wire_types.h"

#define READ_LEAST ((size_t)16 << 10)
#define READ_MOST  ((size_t)256 << 10)

void wire_frame_header(uint8_t header[static WIRE_FRAME_HEADER], uint32_t size)
{
    for (int i = WIRE_FRAME_HEADER; i-- > 0; size >>= 8)
        header[i] = (uint8_t)size;
}

int wire_frame_append(struct buffer *out, const struct wire_wire *message, struct error *err)
{
    size_t before = out->size;
    static const uint8_t room[WIRE_FRAME_HEADER];
    int result = buffer_append(out, room, sizeof room);
    if (result < 0)
        return error_set(err, -result, "encode message", NULL, "more bytes than there is room for");
    result = wire_encode(&wire_type_wire, message, out, err);
    size_t size = out->size - before - WIRE_FRAME_HEADER;
    if (result == 0 && size > INT32_MAX)
        result = error_set(err, EMSGSIZE, "encode message", NULL, "longer than a frame may be");
    if (result < 0)
        out->size = before;
    else
        wire_frame_header(out->data + before, (uint32_t)size);
    return result;
}

static size_t reader_limit(const struct wire_frame_reader *reader)
{
    return reader->limit != 0 ? reader->limit : WIRE_FRAME_LIMIT;
}

/* Of the frame that stands first: its size without the header; or -1: the header is not whole. */
static int64_t first_size(const struct wire_frame_reader *reader)
{
    if (reader->buffer.size - reader->start < WIRE_FRAME_HEADER)
        return -1;
    const uint8_t *header = reader->buffer.data + reader->start;
    return (int64_t)header[0] << 24 | header[1] << 16 | header[2] << 8 | header[3];
}

int wire_frame_next(struct wire_frame_reader *reader, struct wire_bytes *frame, struct error *err)
{
    int64_t size = first_size(reader);
    if (size < 0)
        return WIRE_FRAME_MORE;
    if (size > INT32_MAX)
        return error_set(err, EBADMSG, "read message", NULL, "a negative length");
    if ((size_t)size > reader_limit(reader))
        return error_set(err, EMSGSIZE, "read message", NULL, "%lld bytes; at most %zu are taken",
                         (long long)size, reader_limit(reader));
    if (reader->buffer.size - reader->start - WIRE_FRAME_HEADER < (size_t)size)
        return WIRE_FRAME_MORE;
    *frame = (struct wire_bytes){reader->buffer.data + reader->start + WIRE_FRAME_HEADER, (size_t)size};
    reader->start += WIRE_FRAME_HEADER + (size_t)size;
    return WIRE_FRAME_READY;
}

uint8_t *wire_frame_space(struct wire_frame_reader *reader, size_t *size)
{
    buffer_consume(&reader->buffer, reader->start);
    reader->start = 0;
    int64_t first = first_size(reader);
    size_t have = reader->buffer.size;
    size_t whole = first > 0 ? (size_t)first + WIRE_FRAME_HEADER : 0;
    size_t wanted = whole > have ? whole - have : 0;
    *size = wanted < READ_LEAST ? READ_LEAST : wanted > READ_MOST ? READ_MOST : wanted;
    return buffer_reserve(&reader->buffer, *size);
}

void wire_frame_filled(struct wire_frame_reader *reader, size_t size)
{
    reader->buffer.size += size;
}

int wire_frame_read(struct wire_frame_reader *reader, int fd, struct wire_bytes *frame, struct error *err)
{
    int state;
    while ((state = wire_frame_next(reader, frame, err)) == WIRE_FRAME_MORE) {
        size_t size;
        uint8_t *space = wire_frame_space(reader, &size);
        if (space == NULL)
            return error_set(err, ENOMEM, "read message", NULL, NULL);
        ssize_t n = read(fd, space, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return WIRE_FRAME_MORE;
        if (n < 0)
            return error_set(err, errno, "read message", NULL, NULL);
        if (n == 0 && reader->buffer.size == 0)
            return WIRE_FRAME_END;
        if (n == 0)
            return error_set(err, ECONNRESET, "read message", NULL, "the connection ended within it");
        wire_frame_filled(reader, (size_t)n);
    }
    return state;
}

void wire_frame_free(struct wire_frame_reader *reader)
{
    buffer_free(&reader->buffer);
    reader->start = 0;
}
