/*
 * builder.h: a valid image in memory, laid out so that a test can spoil one field of it.
 *
 * Text at 0x100000 (one page, read and execute), data at 0x101000 (0x100 bytes of a 0x300-byte segment,
 * read and write), an empty segment at address 0, pure bss at 0x102000 (one page); notes: OpenBSD's, ABI
 * spt, ABI hvt, a manifest with net "service" and block "storage", Bivy's.
 */
#ifndef TESTS_IMAGE_BUILDER_H
#define TESTS_IMAGE_BUILDER_H

#include <elf.h>

#include "image/image.h"

enum {
    HEADER_TEXT,
    HEADER_DATA,
    HEADER_EMPTY,
    HEADER_BSS,
    HEADER_OPENBSD,
    HEADER_ABI,
    HEADER_ABI2,
    HEADER_MANIFEST,
    HEADER_BIVY,
    HEADER_COUNT
};

struct built_note {
    struct note_header header;
    char owner[8];
};

struct built_bivy {
    struct built_note start;
    struct bivy_note_header header;
    struct bivy_note_entry mode_entry;
    uint32_t mode, mode_padding;
    struct bivy_note_entry memory_entry;
    uint64_t memory;
    struct bivy_note_entry stack_entry;
    uint64_t stack;
    struct bivy_note_entry arguments_entry;
    char arguments[16]; /* "--ipv4\0--dns\0", 13 bytes */
    struct bivy_note_entry licenses_entry;
    char licenses[8]; /* "hi ISC\n" */
    struct bivy_note_entry build_entry;
    uint8_t build[8];
    struct bivy_note_entry other_entry;
    uint8_t other[8];
} __attribute__((packed));

struct built_image {
    Elf64_Ehdr elf;
    Elf64_Phdr headers[HEADER_COUNT];
    struct built_note openbsd;
    uint32_t openbsd_value;
    struct built_note abi_note;
    struct abi1_info abi;
    struct built_note abi2_note;
    struct abi1_info abi2;
    struct {
        struct built_note note;
        uint32_t padding;
        uint32_t version, entries;
        struct mft_entry e[3];
    } __attribute__((packed)) manifest;
    struct built_bivy bivy __attribute__((aligned(8)));
    uint8_t text[0x200] __attribute__((aligned(4096)));
    uint8_t data[0x100];
};

/* Fills IMAGE with the valid image described above. */
void image_build(struct built_image *image);

/* A source over the first SIZE bytes of IMAGE. */
struct image_source image_built_source(const struct built_image *image, uint64_t size);

#endif
