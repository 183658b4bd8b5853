/*
 * elf_file.h: the ELF header, the program headers and the loadable segments.
 *
 * Everything that is checked is listed in the Solo5 ABI facts, section 1.1. Segments without bytes in
 * the file are not loaded and not checked, as in Solo5: real images have an empty one at address 0.
 */
#ifndef IMAGE_ELF_FILE_H
#define IMAGE_ELF_FILE_H

#include <elf.h>

struct image;
struct image_error;
struct image_source;

/* The program headers of one image. */
struct elf_headers {
    Elf64_Phdr entry[64]; /* IMAGE_MAX_HEADERS */
    unsigned count;
};

/* Reads and checks the ELF header and the table; sets image->entry. 0 or -err->code. */
int elf_file_read_headers(struct elf_headers *headers, struct image *image, const struct image_source *source,
                          struct image_error *err);

/* Fills segments, segment_count, end and bss_end. 0 or -err->code. */
int elf_file_read_segments(struct image *image, const struct elf_headers *headers,
                           const struct image_source *source, struct image_error *err);

#endif
