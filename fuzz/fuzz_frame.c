/* A stream yields the same frames however it is cut: the first byte says into pieces of which size. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/frame.h"

#define LIMIT 4096

/* Appends to SEEN every frame of the stream that comes in pieces; the last state. */
static int read_frames(const uint8_t *data, size_t size, size_t piece, struct buffer *seen)
{
    struct wire_frame_reader reader = {.limit = LIMIT};
    struct wire_bytes frame;
    int state = WIRE_FRAME_MORE;
    for (size_t at = 0; at < size && state == WIRE_FRAME_MORE;) {
        size_t room;
        uint8_t *space = wire_frame_space(&reader, &room);
        size_t n = size - at < piece ? size - at : piece;
        n = n < room ? n : room;
        memcpy(space, data + at, n);
        wire_frame_filled(&reader, n);
        at += n;
        while ((state = wire_frame_next(&reader, &frame, NULL)) == WIRE_FRAME_READY) {
            if (frame.size > LIMIT)
                abort();
            uint8_t header[WIRE_FRAME_HEADER];
            wire_frame_header(header, (uint32_t)frame.size);
            buffer_append(seen, header, sizeof header);
            buffer_append(seen, frame.data, frame.size);
        }
    }
    wire_frame_free(&reader);
    return state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    cleanup_buffer struct buffer whole = {0};
    cleanup_buffer struct buffer pieces = {0};
    int expected = read_frames(data + 1, size - 1, SIZE_MAX, &whole);
    int state = read_frames(data + 1, size - 1, (size_t)data[0] + 1, &pieces);
    if (state != expected || whole.size != pieces.size)
        abort();
    if (whole.size > 0 && memcmp(whole.data, pieces.data, whole.size) != 0)
        abort();
    if (whole.size > size - 1 || (whole.size > 0 && memcmp(whole.data, data + 1, whole.size) != 0))
        abort();
    return 0;
}
