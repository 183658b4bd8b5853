/* fuzz_image.c: any bytes as an image: the reader must answer, and what it accepts must keep its promises. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
    const uint8_t *data;
    size_t size;
};

static int read_at(void *context, uint64_t offset, void *to, size_t size)
{
    const struct bytes *bytes = context;
    if (offset > bytes->size || size > bytes->size - offset)
        __builtin_trap();
    memcpy(to, bytes->data + offset, size);
    return 0;
}

static void check_promises(const struct image *image, uint64_t file_size)
{
    uint64_t last = IMAGE_GUEST_MIN;
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        if (segment->start < last || segment->end <= segment->start ||
            segment->start % IMAGE_PAGE_SIZE != 0 || segment->end % IMAGE_PAGE_SIZE != 0 ||
            segment->address < segment->start || segment->memory_size > segment->end - segment->address ||
            segment->file_size > segment->memory_size || segment->file_size > file_size ||
            segment->file_offset > file_size - segment->file_size)
            __builtin_trap();
        last = segment->end;
    }
    if (image->segment_count == 0 || image->end != last || image->manifest.entries < 1 ||
        image->manifest.entries > MFT_MAX_ENTRIES ||
        image->bivy.arguments_size > sizeof image->bivy.arguments)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct image image;
    struct image_error err;
    struct bytes bytes = {data, size};
    struct image_source source = {read_at, &bytes, size};
    if (image_read(&image, &source, &err) != 0)
        return 0;
    check_promises(&image, size);
    if (image_check_memory(&image, 512u << 20, &err) == 0 && image.end > 512u << 20)
        __builtin_trap();
    image_min_memory(&image);
    image_accepts_argument(&image, "--ipv4");
    image_find_device(&image, "service");
    return 0;
}
