/*
 * frame.h: messages and chunks on a stream: four bytes of length, big-endian, and that many bytes (Albatross
 * protocol facts, section 1).
 *
 * The reader never waits and keeps no more than one frame and what came with it, so that a peer can neither
 * stop a single-threaded program nor make it take memory for bytes that it only promised.
 */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "host/buffer.h"
#include "wire/codec.h"

struct error;
struct wire_wire;

#define WIRE_FRAME_HEADER 4
#define WIRE_FRAME_LIMIT  ((size_t)1 << 20)   /* of a frame without an image in it */
#define WIRE_IMAGE_LIMIT  ((size_t)256 << 20) /* of one with: Albatross's create and get */
#define WIRE_CHUNK_MAX    ((size_t)1 << 20)

/* Appends MESSAGE as one frame, to be written (or given to TLS) in one piece: some clients read the length
 * from the first record. Errors are wire_encode()'s; OUT is unchanged after one. */
int wire_frame_append(struct buffer *out, const struct wire_wire *message, struct error *err);

/* The header of a frame or chunk of SIZE bytes; of size 0: the end of chunks. */
void wire_frame_header(uint8_t header[static WIRE_FRAME_HEADER], uint32_t size);

enum wire_frame_state {
    WIRE_FRAME_MORE,  /* nothing whole yet */
    WIRE_FRAME_READY, /* a frame; of size 0: the end of chunks, or of a connection's requests */
    WIRE_FRAME_END,   /* the stream ended between two frames */
};

struct wire_frame_reader {
    size_t limit; /* bytes of a frame; 0: WIRE_FRAME_LIMIT. May change between frames. */
    struct buffer buffer;
    size_t start; /* of what is not given out yet */
};

/*
 * Reads from FD until a frame is whole or, on a non-blocking descriptor, nothing is left to read. A state, or
 * -EMSGSIZE: over the limit; -EBADMSG: a negative length; -ECONNRESET: the stream ended within a frame;
 * -ENOMEM; another errno of read(). The FRAME is borrowed until the next call.
 */
int wire_frame_read(struct wire_frame_reader *reader, int fd, struct wire_bytes *frame, struct error *err);

/* The same for bytes that come another way (TLS): what is whole already; put more into *SIZE bytes of space,
 * which is NULL when memory is out, and say how many were put there. */
int wire_frame_next(struct wire_frame_reader *reader, struct wire_bytes *frame, struct error *err);
uint8_t *wire_frame_space(struct wire_frame_reader *reader, size_t *size);
void wire_frame_filled(struct wire_frame_reader *reader, size_t size);

/* Frees what the reader keeps; it may be used again, for another stream. */
void wire_frame_free(struct wire_frame_reader *reader);

#endif
