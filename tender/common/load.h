/*
 * load.h: puts an image's segments into guest memory.
 *
 * A segment that the guest cannot write, whose file offset agrees with its address within a page, is
 * mapped from the file: all instances of an image share it through the page cache and nothing is copied.
 * Its first and last page then show what lies beside it in the same file, as with any program; where a
 * segment says that bytes above its file size are zero, it is copied instead. A segment that cannot be
 * mapped (a file system mounted noexec, or without mmap) is copied too.
 */
#ifndef TENDER_COMMON_LOAD_H
#define TENDER_COMMON_LOAD_H

#include <stdbool.h>

#include "image/image.h"

/* How one segment gets into memory. All of [segment->start, segment->end) has the protection. */
struct load_step {
    const struct image_segment *segment;
    int protection;      /* PROT_* */
    bool from_file;      /* map [map_start, map_end) from map_offset; else copy the bytes */
    uint64_t map_start;  /* guest address, page-aligned */
    uint64_t map_end;    /* guest address, page-aligned, within the segment */
    uint64_t map_offset; /* bytes, page-aligned */
};

/* Decides for one segment. */
struct load_step load_plan(const struct image_segment *segment);

/*
 * Loads every segment into guest memory that begins (guest address 0) at host address BASE and is mapped
 * readable, writable and zero. FD is the image's descriptor, for mapping. 0, or -errno with ERR filled.
 */
int load_image(const struct image *image, const struct image_source *source, int fd, uint64_t base,
               struct image_error *err);

#endif
