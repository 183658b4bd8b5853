/* inflate.c: zlib over two descriptors, with a limit; see inflate.h. */
#define _GNU_SOURCE
#include "inflate.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "host/error.h"
#include "host/fd.h"

struct inflater {
    z_stream stream;
    int output;
    uint64_t left; /* bytes that may still come out */
    uint8_t in[65536], out[65536];
};

/* Inflates what stands in IN. 1: the stream has ended; 0: it wants more. */
static int inflate_piece(struct inflater *inflater, struct error *err)
{
    z_stream *stream = &inflater->stream;
    do {
        stream->next_out = inflater->out;
        stream->avail_out = sizeof inflater->out;
        int status = inflate(stream, Z_NO_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            return error_set(err, EBADMSG, "inflate", "image", "it is no zlib stream, or damaged");
        size_t size = sizeof inflater->out - stream->avail_out;
        if (size > inflater->left)
            return error_set(err, EFBIG, "inflate", "image", "it is too large");
        inflater->left -= size;
        int result = fd_write_all(inflater->output, inflater->out, size);
        if (result < 0)
            return error_set(err, -result, "inflate", "image", NULL);
        if (status == Z_STREAM_END)
            return 1;
        if (status == Z_BUF_ERROR)
            return 0;
    } while (stream->avail_out == 0 || stream->avail_in > 0);
    return 0;
}

static int inflate_all(struct inflater *inflater, int input, struct error *err)
{
    for (uint64_t at = 0;;) {
        ssize_t n = pread(input, inflater->in, sizeof inflater->in, (off_t)at);
        if (n < 0)
            return error_set(err, errno, "inflate", "image", NULL);
        if (n == 0)
            return error_set(err, EBADMSG, "inflate", "image", "it ends too early");
        at += (uint64_t)n;
        inflater->stream.next_in = inflater->in;
        inflater->stream.avail_in = (unsigned)n;
        int result = inflate_piece(inflater, err);
        if (result != 0)
            return result < 0 ? result : 0;
    }
}

int inflate_file(int input, int output, uint64_t limit, struct error *err)
{
    struct inflater *inflater = calloc(1, sizeof *inflater);
    if (inflater == NULL)
        return error_set(err, ENOMEM, "inflate", "image", NULL);
    inflater->output = output;
    inflater->left = limit;
    int result = inflateInit(&inflater->stream) == Z_OK ? inflate_all(inflater, input, err)
                                                        : error_set(err, ENOMEM, "inflate", "image", NULL);
    inflateEnd(&inflater->stream);
    free(inflater);
    return result;
}
