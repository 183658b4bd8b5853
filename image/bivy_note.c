/* bivy_note.c: reads the Bivy note, tag by tag; see note.h and bivy/abi/note.h. */
#include "image/image.h"
#include "image/note.h"
#include "image/refuse.h"

#define MAX_ENTRIES 64u

/* What is left of the note; every read passes through cursor_take(). */
struct cursor {
    const struct image_source *source;
    uint64_t offset;
    uint64_t end;
};

/* Moves past SIZE bytes and returns where they began in *OFFSET. */
static int cursor_take(struct cursor *cursor, uint64_t size, uint64_t *offset, struct image_error *err)
{
    if (size > cursor->end - cursor->offset)
        return image_refuse_count(err, ENOEXEC, "the Bivy note ends within an entry", "bytes left",
                                  cursor->end - cursor->offset);
    *offset = cursor->offset;
    cursor->offset += size;
    return 0;
}

static int cursor_read(struct cursor *cursor, void *to, size_t size, struct image_error *err)
{
    uint64_t offset = 0;
    int result = cursor_take(cursor, size, &offset, err);
    return result != 0 ? result : image_source_read(cursor->source, offset, to, size, err);
}

/* One entry's value: where it lies in the file, and where its text, number or bytes go. */
struct value {
    const struct image_source *source;
    uint64_t offset;
    uint32_t tag, size;
};

static int value_read(const struct value *value, void *to, size_t size, struct image_error *err)
{
    if (value->size != size)
        return image_refuse_count(err, ENOEXEC, "an entry of the Bivy note has the wrong size", "tag",
                                  value->tag);
    return image_source_read(value->source, value->offset, to, size, err);
}

static int read_entry_mode(struct image_bivy *bivy, const struct value *value, struct image_error *err)
{
    int result = value_read(value, &bivy->entry_mode, sizeof bivy->entry_mode, err);
    if (result == 0 && bivy->entry_mode > BIVY_ENTRY_USER)
        return image_refuse_count(err, ENOEXEC, "the Bivy note's entry mode is unknown", "mode",
                                  bivy->entry_mode);
    return result;
}

static int read_arguments(struct image_bivy *bivy, const struct value *value, struct image_error *err)
{
    if (value->size > sizeof bivy->arguments)
        return image_refuse_count(err, ENOEXEC, "the Bivy note lists too many boot arguments", "size",
                                  value->size);
    bivy->arguments_size = value->size;
    int result = image_source_read(value->source, value->offset, bivy->arguments, value->size, err);
    if (result != 0)
        return result;
    if (value->size > 0 && bivy->arguments[value->size - 1] != '\0')
        return image_refuse(err, ENOEXEC, "the Bivy note's last boot argument is not terminated");
    for (uint32_t i = 0; i < value->size; i++)
        if (bivy->arguments[i] != '\0' && (bivy->arguments[i] <= ' ' || bivy->arguments[i] > '~'))
            return image_refuse_count(err, ENOEXEC, "a boot argument in the Bivy note is not printable",
                                      "at byte", i);
    return 0;
}

static int read_build_id(struct image_bivy *bivy, const struct value *value, struct image_error *err)
{
    if (value->size < 8 || value->size > sizeof bivy->build_id)
        return image_refuse_count(err, ENOEXEC, "the Bivy note's build id is not of 8 to 32 bytes", "size",
                                  value->size);
    bivy->build_id_size = value->size;
    return image_source_read(value->source, value->offset, bivy->build_id, value->size, err);
}

static int value_store(struct image_bivy *bivy, const struct value *value, struct image_error *err)
{
    switch (value->tag & ~BIVY_NOTE_CRITICAL) {
    case BIVY_NOTE_ENTRY_MODE:
        return read_entry_mode(bivy, value, err);
    case BIVY_NOTE_MIN_MEMORY:
        return value_read(value, &bivy->min_memory, sizeof bivy->min_memory, err);
    case BIVY_NOTE_STACK_SIZE:
        return value_read(value, &bivy->stack_size, sizeof bivy->stack_size, err);
    case BIVY_NOTE_ARGUMENTS:
        return read_arguments(bivy, value, err);
    case BIVY_NOTE_LICENSES:
        bivy->license_text = (struct image_range){value->offset, value->size};
        return 0;
    case BIVY_NOTE_BUILD_ID:
        return read_build_id(bivy, value, err);
    case BIVY_NOTE_RING:
        return value_read(value, &bivy->ring, sizeof bivy->ring, err);
    }
    if (value->tag & BIVY_NOTE_CRITICAL)
        return image_refuse_hex(err, ENOEXEC, "the image needs something that this version does not know",
                                "tag", value->tag);
    return 0;
}

static int entry_read(struct image_bivy *bivy, struct cursor *cursor, struct image_error *err)
{
    struct bivy_note_entry entry;
    struct value value = {.source = cursor->source};
    int result = cursor_read(cursor, &entry, sizeof entry, err);
    if (result == 0)
        result = cursor_take(cursor, entry.size, &value.offset, err);
    if (result != 0)
        return result;
    value.tag = entry.tag;
    value.size = entry.size;
    /* The last entry's padding may be missing. */
    uint64_t padding = -(uint64_t)entry.size & 7, left = cursor->end - cursor->offset;
    cursor->offset += padding < left ? padding : left;
    return value_store(bivy, &value, err);
}

int note_read_bivy(struct image *image, const struct note *note, const struct image_source *source,
                   struct image_error *err)
{
    struct cursor cursor = {source, note->desc_offset, note->desc_offset + note->desc_size};
    struct bivy_note_header header;
    int result = cursor_read(&cursor, &header, sizeof header, err);
    if (result != 0)
        return result;
    if (header.version == 0 || header.version > NOTE_BIVY_VERSION)
        return image_refuse_count(err, ENOEXEC, "the Bivy note's version is unknown", "version",
                                  header.version);
    if (header.entries > MAX_ENTRIES)
        return image_refuse_count(err, ENOEXEC, "the Bivy note has too many entries", "entries",
                                  header.entries);
    image->bivy.present = true;
    for (uint32_t i = 0; i < header.entries && result == 0; i++)
        result = entry_read(&image->bivy, &cursor, err);
    return result;
}

bool image_accepts_argument(const struct image *image, const char *name)
{
    const char *listed = image->bivy.arguments, *end = listed + image->bivy.arguments_size;
    while (listed < end) {
        const char *given = name;
        while (*listed != '\0' && *listed == *given)
            listed++, given++;
        if (*listed == '\0' && *given == '\0')
            return true;
        while (*listed != '\0')
            listed++;
        listed++;
    }
    return false;
}
