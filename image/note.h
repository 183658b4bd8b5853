/*
 * note.h: finds the notes that make an ELF file a unikernel image, and reads each.
 *
 * A note counts only as the first of its own PT_NOTE header, because that is all Solo5's tenders look
 * at. Source: the Solo5 ABI facts, section 1.2; the Bivy note: bivy/abi/note.h.
 */
#ifndef IMAGE_NOTE_H
#define IMAGE_NOTE_H

#include <stdint.h>

struct elf_headers;
struct image;
struct image_error;
struct image_source;

/* A note that was found: where its description lies in the file. */
struct note {
    uint64_t desc_offset; /* bytes: directly after the owner's padded name */
    uint32_t desc_size;   /* bytes, as the note says; all of it lies within its PT_NOTE header's range */
};

/* Fills the image's ABI fields, manifest and Bivy fields. 0 or -err->code. */
int note_read_all(struct image *image, const struct elf_headers *headers, const struct image_source *source,
                  struct image_error *err);

/* One reader a note. */
int note_read_abi(struct image *image, const struct note *note, const struct image_source *source,
                  struct image_error *err);
int note_read_manifest(struct image *image, const struct note *note, const struct image_source *source,
                       struct image_error *err);
int note_read_bivy(struct image *image, const struct note *note, const struct image_source *source,
                   struct image_error *err);

#endif
