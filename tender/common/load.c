/* load.c: see load.h. */
#define _GNU_SOURCE
#include "tender/common/load.h"

#include <errno.h>
#include <sys/mman.h>

#include "tender/common/system.h"

#define PAGE_MASK ((uint64_t)IMAGE_PAGE_SIZE - 1)

static int protection_of(uint32_t flags)
{
    return (flags & IMAGE_SEGMENT_READ ? PROT_READ : 0) | (flags & IMAGE_SEGMENT_WRITE ? PROT_WRITE : 0) |
           (flags & IMAGE_SEGMENT_EXECUTE ? PROT_EXEC : 0);
}

struct load_step load_plan(const struct image_segment *segment)
{
    uint64_t file_end = segment->address + segment->file_size;
    struct load_step step = {.segment = segment, .protection = protection_of(segment->flags)};
    step.from_file = (segment->flags & IMAGE_SEGMENT_WRITE) == 0 &&
                     segment->memory_size == segment->file_size &&
                     ((segment->address ^ segment->file_offset) & PAGE_MASK) == 0;
    if (step.from_file) {
        step.map_start = segment->address & ~PAGE_MASK;
        step.map_end = (file_end + PAGE_MASK) & ~PAGE_MASK;
        step.map_offset = segment->file_offset & ~PAGE_MASK;
    }
    return step;
}

static int load_copy(const struct image_segment *segment, const struct image_source *source, uint64_t base,
                     struct image_error *err)
{
    void *to = (void *)(base + segment->address);
    return image_source_read(source, segment->file_offset, to, segment->file_size, err);
}

static int load_segment(const struct load_step *step, const struct image_source *source, int fd,
                        uint64_t base, struct image_error *err)
{
    const struct image_segment *segment = step->segment;
    bool mapped =
        step->from_file && system_map(base + step->map_start, step->map_end - step->map_start,
                                      step->protection, MAP_PRIVATE | MAP_FIXED, fd, step->map_offset) == 0;
    if (mapped && step->map_start == segment->start && step->map_end == segment->end)
        return 0;
    int result = mapped ? 0 : load_copy(segment, source, base, err);
    if (result != 0)
        return result;
    result = system_protect(base + segment->start, segment->end - segment->start, step->protection);
    if (result != 0)
        *err = (struct image_error){-result, "a segment's memory cannot be protected as the image asks", ""};
    return result;
}

int load_image(const struct image *image, const struct image_source *source, int fd, uint64_t base,
               struct image_error *err)
{
    int result = 0;
    for (size_t i = 0; i < image->segment_count && result == 0; i++) {
        struct load_step step = load_plan(&image->segments[i]);
        result = load_segment(&step, source, fd, base, err);
    }
    return result;
}
