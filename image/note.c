/* note.c: finds the notes of an image; see note.h. */
#include "image/note.h"

#include "image/elf_file.h"
#include "image/image.h"
#include "image/refuse.h"

/* Header, and the owner's name padded to eight bytes: the same for every note that counts. */
struct note_start {
    struct note_header header;
    char owner[8];
};
_Static_assert(sizeof(struct note_start) == NOTE_SOLO5_DESC_OFFSET, "Solo5 note start");
_Static_assert(sizeof(struct note_start) == NOTE_BIVY_DESC_OFFSET, "Bivy note start");

enum note_kind { NOTE_ABI, NOTE_MANIFEST, NOTE_BIVY, NOTE_KINDS };

static const struct {
    uint32_t owner_size;
    char owner[8];
    uint32_t type;
    uint32_t max_desc;
    const char *name;
    int (*read)(struct image *, const struct note *, const struct image_source *, struct image_error *);
} kinds[NOTE_KINDS] = {
    [NOTE_ABI] = {NOTE_SOLO5_OWNER_SIZE, NOTE_SOLO5_OWNER, NOTE_ABI1_TYPE, NOTE_ABI1_MAX_DESC,
                  "ABI note, size", note_read_abi},
    [NOTE_MANIFEST] = {NOTE_SOLO5_OWNER_SIZE, NOTE_SOLO5_OWNER, NOTE_MFT1_TYPE, NOTE_MFT1_MAX_DESC,
                       "manifest note, size", note_read_manifest},
    [NOTE_BIVY] = {NOTE_BIVY_OWNER_SIZE, NOTE_BIVY_OWNER, NOTE_BIVY_TYPE, NOTE_BIVY_MAX_DESC,
                   "Bivy note, size", note_read_bivy},
};

static enum note_kind note_classify(const struct note_start *start)
{
    for (int kind = 0; kind < NOTE_KINDS; kind++)
        if (start->header.name_size == kinds[kind].owner_size && start->header.type == kinds[kind].type &&
            __builtin_memcmp(start->owner, kinds[kind].owner, kinds[kind].owner_size) == 0)
            return (enum note_kind)kind;
    return NOTE_KINDS;
}

/* Looks at the first note of HEADER; *KIND is NOTE_KINDS for one that means nothing to us. */
static int note_find(struct note *note, enum note_kind *kind, const Elf64_Phdr *header,
                     const struct image_source *source, struct image_error *err)
{
    *kind = NOTE_KINDS;
    if (header->p_filesz < sizeof(struct note_header))
        return image_refuse_count(err, ENOEXEC, "a note is smaller than its header", "size",
                                  header->p_filesz);
    if (header->p_filesz < sizeof(struct note_start))
        return 0;
    struct note_start start;
    int result = image_source_read(source, header->p_offset, &start, sizeof start, err);
    if (result != 0)
        return result;
    enum note_kind found = note_classify(&start);
    if (found == NOTE_KINDS)
        return 0;
    if (start.header.desc_size == 0)
        return image_refuse_count(err, ENOEXEC, "a note is empty", kinds[found].name, 0);
    if (start.header.desc_size > kinds[found].max_desc)
        return image_refuse_count(err, ENOEXEC, "a note is too large", kinds[found].name,
                                  start.header.desc_size);
    if (header->p_filesz - sizeof start < start.header.desc_size)
        return image_refuse_count(err, ENOEXEC, "a note is larger than its program header says",
                                  kinds[found].name, start.header.desc_size);
    note->desc_offset = header->p_offset + sizeof start;
    note->desc_size = start.header.desc_size;
    *kind = found;
    return 0;
}

/* The first note of a kind counts; only of ABI notes the later ones are read too. */
int note_read_all(struct image *image, const struct elf_headers *headers, const struct image_source *source,
                  struct image_error *err)
{
    bool seen[NOTE_KINDS] = {false};
    for (unsigned i = 0; i < headers->count; i++) {
        struct note note;
        enum note_kind kind;
        if (headers->entry[i].p_type != PT_NOTE)
            continue;
        int result = note_find(&note, &kind, &headers->entry[i], source, err);
        if (result == 0 && kind != NOTE_KINDS && (kind == NOTE_ABI || !seen[kind])) {
            seen[kind] = true;
            result = kinds[kind].read(image, &note, source, err);
        }
        if (result != 0)
            return result;
    }
    if (!seen[NOTE_ABI])
        return image_refuse(err, ENOEXEC, "this is not a unikernel image: it has no ABI note");
    if (!seen[NOTE_MANIFEST])
        return image_refuse(err, ENOEXEC, "this is not a unikernel image: it has no manifest note");
    return 0;
}

int note_read_abi(struct image *image, const struct note *note, const struct image_source *source,
                  struct image_error *err)
{
    struct abi1_info abi;
    if (note->desc_size < sizeof abi)
        return image_refuse_count(err, ENOEXEC, "the ABI note is too short", "size", note->desc_size);
    int result = image_source_read(source, note->desc_offset, &abi, sizeof abi, err);
    if (result != 0)
        return result;
    if (image->target == 0) {
        if (abi.target == 0)
            return image_refuse(err, ENOEXEC, "the ABI note names no target");
        image->target = abi.target;
        image->abi_version = abi.version;
    }
    if (abi.target < IMAGE_MAX_TARGETS && (image->targets & (1u << abi.target)) == 0) {
        image->targets |= 1u << abi.target;
        image->target_version[abi.target] = abi.version;
    }
    return 0;
}
