/* source.c: the one checked accessor to an image's bytes; see image.h. */
#include "image/image.h"
#include "image/refuse.h"

int image_source_read(const struct image_source *source, uint64_t offset, void *to, size_t size,
                      struct image_error *err)
{
    uint64_t end;
    if (__builtin_add_overflow(offset, size, &end) || end > source->size)
        return image_refuse_hex(err, ENOEXEC, "the file is truncated", "no byte at offset",
                                offset > source->size ? offset : source->size);
    if (source->read_at(source->context, offset, to, size) != 0)
        return image_refuse_hex(err, EIO, "the file cannot be read", "at offset", offset);
    return 0;
}
