/* image.c: an image as a whole: the order of reading, and the rules about memory; see image.h. */
#include "image/image.h"

#include "image/elf_file.h"
#include "image/note.h"
#include "image/refuse.h"

int image_read(struct image *image, const struct image_source *source, struct image_error *err)
{
    struct elf_headers headers;
    __builtin_memset(image, 0, sizeof *image);
    int result = elf_file_read_headers(&headers, image, source, err);
    if (result == 0)
        result = elf_file_read_segments(image, &headers, source, err);
    if (result == 0)
        result = note_read_all(image, &headers, source, err);
    return result;
}

int image_check_memory(const struct image *image, uint64_t memory_bytes, struct image_error *err)
{
    if (image->entry >= memory_bytes)
        return image_refuse_hex(err, ENOMEM, "the entry point lies beyond the guest's memory", "entry",
                                image->entry);
    for (size_t i = 0; i < image->segment_count; i++)
        if (image->segments[i].end > memory_bytes)
            return image_refuse_hex(err, ENOMEM, "a segment lies beyond the guest's memory", "address",
                                    image->segments[i].address);
    if (image->bss_end > memory_bytes)
        return image_refuse_hex(err, ENOMEM, "the zero-filled data ends beyond the guest's memory", "end",
                                image->bss_end);
    if (image->bivy.min_memory > memory_bytes)
        return image_refuse_count(err, ENOMEM, "the image needs more memory", "bytes",
                                  image->bivy.min_memory);
    return 0;
}

uint64_t image_min_memory(const struct image *image)
{
    const uint64_t mib = 1u << 20;
    uint64_t stack = image->bivy.stack_size != 0 ? image->bivy.stack_size : IMAGE_DEFAULT_STACK;
    uint64_t needed = image->bivy.min_memory;
    if (needed == 0 && (__builtin_add_overflow(image->bss_end, IMAGE_LEAST_HEAP, &needed) ||
                        __builtin_add_overflow(needed, stack, &needed)))
        return UINT64_MAX;
    return needed > UINT64_MAX - mib ? UINT64_MAX : (needed + mib - 1) & ~(mib - 1);
}
