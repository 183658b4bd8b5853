/* manifest.c: reads and checks the manifest note; see note.h and the Solo5 ABI facts, section 1.2. */
#include "image/image.h"
#include "image/note.h"
#include "image/refuse.h"

static bool name_char_is_valid(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool names_are_equal(const char *a, const char *b)
{
    for (; *a == *b; a++, b++)
        if (*a == '\0')
            return true;
    return false;
}

static int entry_check(const struct mft_entry *entry, uint32_t index, struct image_error *err)
{
    if (entry->name[MFT_NAME_MAX] != '\0')
        return image_refuse_count(err, ENOEXEC, "a device's name is not terminated", "manifest entry", index);
    if (entry->attached != 0)
        return image_refuse_count(err, ENOEXEC, "a device is attached already", "manifest entry", index);
    if (index == 0) {
        if (entry->type != MFT_RESERVED_FIRST || entry->name[0] != '\0')
            return image_refuse_hex(err, ENOEXEC, "the manifest's first entry is not the reserved one",
                                    "type", entry->type);
        return 0;
    }
    if (entry->name[0] == '\0')
        return image_refuse_count(err, ENOEXEC, "a device has no name", "manifest entry", index);
    for (const char *c = entry->name; *c != '\0'; c++)
        if (!name_char_is_valid(*c))
            return image_refuse_name(err, ENOEXEC, "a device's name has other characters than A-Z, a-z, 0-9",
                                     "name", entry->name);
    return 0;
}

/* Solo5 accepts two devices of one name, but can never attach the second: refused here, with the reason. */
static int manifest_check_entries(const struct image_manifest *manifest, struct image_error *err)
{
    for (uint32_t i = 0; i < manifest->entries; i++) {
        int result = entry_check(&manifest->e[i], i, err);
        if (result != 0)
            return result;
        for (uint32_t earlier = 1; earlier < i; earlier++)
            if (names_are_equal(manifest->e[earlier].name, manifest->e[i].name))
                return image_refuse_name(err, ENOEXEC, "two devices have the same name", "name",
                                         manifest->e[i].name);
    }
    return 0;
}

int note_read_manifest(struct image *image, const struct note *note, const struct image_source *source,
                       struct image_error *err)
{
    struct image_manifest *manifest = &image->manifest;
    if (note->desc_size < NOTE_MFT1_PADDING + sizeof(struct mft))
        return image_refuse_count(err, ENOEXEC, "the manifest note is too short", "size", note->desc_size);
    uint32_t size = note->desc_size - NOTE_MFT1_PADDING;
    int result = image_source_read(source, note->desc_offset + NOTE_MFT1_PADDING, manifest, size, err);
    if (result != 0)
        return result;
    if (manifest->version != MFT_VERSION)
        return image_refuse_count(err, ENOEXEC, "the manifest's version is unknown", "version",
                                  manifest->version);
    if (manifest->entries < 1 || manifest->entries > MFT_MAX_ENTRIES)
        return image_refuse_count(err, ENOEXEC, "the manifest's number of entries is not within 1 to 64",
                                  "entries", manifest->entries);
    if (size != MFT_SIZE(manifest->entries))
        return image_refuse_count(err, ENOEXEC, "the manifest's size does not match its number of entries",
                                  "size", size);
    return manifest_check_entries(manifest, err);
}

uint32_t image_find_device(const struct image *image, const char *name)
{
    for (uint32_t i = 1; i < image->manifest.entries; i++)
        if (names_are_equal(image->manifest.e[i].name, name))
            return i;
    return 0;
}
