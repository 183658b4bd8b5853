/* Every rule of the Solo5 ABI facts, sections 1.1 and 1.2, right and wrong. */
#include "tests/check.h"

#include <errno.h>
#include <string.h>

#include "tests/image/builder.h"

static struct built_image built;
static struct image image;
static struct image_error err;

static int read_built(void)
{
    struct image_source source = image_built_source(&built, sizeof built);
    memset(&err, 0, sizeof err);
    return image_read(&image, &source, &err);
}

static void accepts_the_valid_image(void **state)
{
    (void)state;
    image_build(&built);
    assert_int_equal(read_built(), 0);
    assert_int_equal(image.entry, 0x100000);
    assert_int_equal(image.segment_count, 2);
    assert_int_equal(image.segments[1].start, 0x101000);
    assert_int_equal(image.segments[1].end, 0x102000);
    assert_int_equal(image.end, 0x102000);
    assert_int_equal(image.bss_end, 0x103000);
    assert_int_equal(image.manifest.entries, 3);
    assert_string_equal(image.manifest.e[2].name, "storage");
    assert_int_equal(image_find_device(&image, "service"), 1);
    assert_int_equal(image_find_device(&image, "servic"), 0);
    assert_int_equal(image_find_device(&image, ""), 0);
}

static void takes_the_first_abi_note_and_remembers_all(void **state)
{
    (void)state;
    image_build(&built);
    assert_int_equal(read_built(), 0);
    assert_int_equal(image.target, ABI_TARGET_SPT);
    assert_int_equal(image.abi_version, 2);
    assert_int_equal(image.targets, 1u << ABI_TARGET_SPT | 1u << ABI_TARGET_HVT);
    assert_int_equal(image.target_version[ABI_TARGET_HVT], 2);
}

static void reads_the_bivy_note(void **state)
{
    (void)state;
    image_build(&built);
    assert_int_equal(read_built(), 0);
    assert_true(image.bivy.present);
    assert_int_equal(image.bivy.entry_mode, BIVY_ENTRY_USER);
    assert_int_equal(image.bivy.min_memory, 0x180000);
    assert_int_equal(image.bivy.stack_size, 0x4000);
    assert_true(image_accepts_argument(&image, "--ipv4"));
    assert_true(image_accepts_argument(&image, "--dns"));
    assert_false(image_accepts_argument(&image, "--ip"));
    assert_false(image_accepts_argument(&image, "--ipv6"));
    assert_int_equal(image.bivy.license_text.size, 7);
    assert_int_equal(image.bivy.build_id_size, 8);
    assert_int_equal(image_min_memory(&image), 2 << 20);
}

static void knows_the_least_memory_without_a_bivy_note(void **state)
{
    (void)state;
    image_build(&built);
    built.elf.e_phnum = HEADER_BIVY;
    assert_int_equal(read_built(), 0);
    assert_false(image.bivy.present);
    assert_int_equal(image_min_memory(&image), 2 << 20);
}

static void reports_a_source_that_fails(void **state)
{
    (void)state;
    image_build(&built);
    for (uint64_t size = 0; size < offsetof(struct built_image, data) + sizeof built.data; size += 24) {
        struct image_source source = image_built_source(&built, size);
        assert_int_equal(image_read(&image, &source, &err), -ENOEXEC);
        assert_non_null(err.why);
    }
}

static int read_nothing(void *context, uint64_t offset, void *to, size_t size)
{
    (void)context;
    (void)offset;
    (void)to;
    (void)size;
    return -EIO;
}

static void reports_an_unreadable_source(void **state)
{
    (void)state;
    struct image_source source = {read_nothing, NULL, 1 << 20};
    assert_int_equal(image_read(&image, &source, &err), -EIO);
    assert_string_equal(err.why, "the file cannot be read");
}

/* One field with a wrong value, and the sentence that must come of it. */
struct spoiled {
    const char *what;
    size_t offset, size;
    uint64_t value;
    const char *why;
};
#define FIELD(field) offsetof(struct built_image, field), sizeof(built.field)

static const struct spoiled spoiled_fields[] = {
    {"magic", FIELD(elf.e_ident[1]), 'F', "this is not an ELF file"},
    {"class", FIELD(elf.e_ident[EI_CLASS]), ELFCLASS32, "the ELF file is not of the 64-bit class"},
    {"endian", FIELD(elf.e_ident[EI_DATA]), ELFDATA2MSB, "the ELF file is not little-endian"},
    {"version", FIELD(elf.e_version), 2, "the ELF version is unknown"},
    {"dynamic", FIELD(elf.e_type), ET_DYN, "the ELF file is not a fixed-address executable"},
    {"machine", FIELD(elf.e_machine), EM_AARCH64, "the image is for another processor"},
    {"entry", FIELD(elf.e_entry), 0xfffff, "the entry point is below the guest's memory"},
    {"ehsize", FIELD(elf.e_ehsize), 63, "the ELF header has the wrong size"},
    {"phentsize", FIELD(elf.e_phentsize), 57, "a program header has the wrong size"},
    {"no headers", FIELD(elf.e_phnum), 0, "the ELF file has no program headers"},
    {"many headers", FIELD(elf.e_phnum), 65, "the ELF file has too many program headers"},
    {"phoff", FIELD(elf.e_phoff), UINT64_MAX - 8, "the file is truncated"},
    {"no alignment", FIELD(headers[0].p_align), 0, "a segment's alignment is not a power of two"},
    {"odd alignment", FIELD(headers[0].p_align), 0x3000, "a segment's alignment is not a power of two"},
    {"low segment", FIELD(headers[0].p_vaddr), 0xff000, "a segment lies below the guest's memory"},
    {"low page", FIELD(headers[1].p_align), 1ull << 40,
     "a segment's first page lies below the guest's memory"},
    {"part of a page", FIELD(headers[1].p_align), 0x10, "a segment does not fill whole pages"},
    {"memsz < filesz", FIELD(headers[1].p_memsz), 0xff, "a segment is smaller in memory than in the file"},
    {"memsz 0", FIELD(headers[1].p_memsz), 0, "a segment is smaller in memory than in the file"},
    {"end wraps", FIELD(headers[1].p_memsz), UINT64_MAX - 0x101000, "a segment's end wraps around"},
    {"offset wraps", FIELD(headers[1].p_offset), UINT64_MAX - 0x80, "a segment's file range wraps around"},
    {"beyond the file", FIELD(headers[1].p_offset), 0x10000, "a segment lies beyond the end of the file"},
    {"overlap", FIELD(headers[1].p_vaddr), 0x100800, "a segment overlaps the one before it"},
    {"descending", FIELD(headers[0].p_vaddr), 0x105000, "a segment overlaps the one before it"},
    {"write and execute", FIELD(headers[1].p_flags), PF_R | PF_W | PF_X,
     "a segment is both writable and executable"},
    {"bss wraps", FIELD(headers[HEADER_BSS].p_memsz), UINT64_MAX, "a segment's end wraps around"},
    {"short note", FIELD(headers[HEADER_OPENBSD].p_filesz), 11, "a note is smaller than its header"},
    {"note beyond the file", FIELD(headers[HEADER_ABI].p_offset), 0x100000, "the file is truncated"},
    {"empty ABI note", FIELD(abi_note.header.desc_size), 0, "a note is empty"},
    {"large ABI note", FIELD(abi_note.header.desc_size), 33, "a note is too large"},
    {"ABI note cut", FIELD(headers[HEADER_ABI].p_filesz), 35,
     "a note is larger than its program header says"},
    {"ABI desc short", FIELD(abi_note.header.desc_size), 15, "the ABI note is too short"},
    {"ABI target", FIELD(abi.target), 0, "the ABI note names no target"},
    {"manifest type", FIELD(manifest.note.header.type), 9,
     "this is not a unikernel image: it has no manifest note"},
    {"manifest owner size", FIELD(manifest.note.header.name_size), 5,
     "this is not a unikernel image: it has no manifest note"},
    {"manifest desc", FIELD(manifest.note.header.desc_size), 11, "the manifest note is too short"},
    {"manifest large", FIELD(manifest.note.header.desc_size), 6669, "a note is too large"},
    {"manifest size", FIELD(manifest.note.header.desc_size), 4 + 8 + 104 * 3 - 1,
     "the manifest's size does not match its number of entries"},
    {"manifest version", FIELD(manifest.version), 2, "the manifest's version is unknown"},
    {"manifest empty", FIELD(manifest.entries), 0, "the manifest's number of entries is not within 1 to 64"},
    {"manifest full", FIELD(manifest.entries), 65, "the manifest's number of entries is not within 1 to 64"},
    {"manifest count", FIELD(manifest.entries), 2,
     "the manifest's size does not match its number of entries"},
    {"first entry", FIELD(manifest.e[0].type), MFT_DEV_NET_BASIC,
     "the manifest's first entry is not the reserved one"},
    {"first name", FIELD(manifest.e[0].name[0]), 'x', "the manifest's first entry is not the reserved one"},
    {"name end", FIELD(manifest.e[1].name[67]), 'x', "a device's name is not terminated"},
    {"attached", FIELD(manifest.e[2].attached), 1, "a device is attached already"},
    {"no name", FIELD(manifest.e[1].name[0]), 0, "a device has no name"},
    {"name character", FIELD(manifest.e[1].name[2]), '/',
     "a device's name has other characters than A-Z, a-z, 0-9"},
    {"Bivy version", FIELD(bivy.header.version), 2, "the Bivy note's version is unknown"},
    {"Bivy version 0", FIELD(bivy.header.version), 0, "the Bivy note's version is unknown"},
    {"Bivy entries", FIELD(bivy.header.entries), 65, "the Bivy note has too many entries"},
    {"Bivy ends early", FIELD(bivy.header.entries), 8, "the Bivy note ends within an entry"},
    {"Bivy entry size", FIELD(bivy.other_entry.size), 9, "the Bivy note ends within an entry"},
    {"Bivy huge entry", FIELD(bivy.memory_entry.size), UINT32_MAX, "the Bivy note ends within an entry"},
    {"Bivy number size", FIELD(bivy.mode_entry.size), 8, "an entry of the Bivy note has the wrong size"},
    {"Bivy mode", FIELD(bivy.mode), 2, "the Bivy note's entry mode is unknown"},
    {"Bivy critical", FIELD(bivy.other_entry.tag), 77 | BIVY_NOTE_CRITICAL,
     "the image needs something that this version does not know"},
    {"Bivy argument end", FIELD(bivy.arguments[12]), 'x',
     "the Bivy note's last boot argument is not terminated"},
    {"Bivy argument", FIELD(bivy.arguments[3]), 0x1b, "a boot argument in the Bivy note is not printable"},
    {"Bivy build id", FIELD(bivy.build_entry.size), 7, "the Bivy note's build id is not of 8 to 32 bytes"},
    {"Bivy note too large", FIELD(bivy.start.header.desc_size), 65537, "a note is too large"},
};

static void refuses_each_spoiled_field_with_its_own_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof spoiled_fields / sizeof spoiled_fields[0]; i++) {
        const struct spoiled *field = &spoiled_fields[i];
        image_build(&built);
        memcpy((uint8_t *)&built + field->offset, &field->value, field->size);
        int result = read_built();
        if (result != -ENOEXEC || err.why == NULL || strcmp(err.why, field->why) != 0)
            fail_msg("%s: %d %s", field->what, result, err.why ? err.why : "(no reason)");
    }
}

static void refuses_two_devices_of_one_name(void **state)
{
    (void)state;
    image_build(&built);
    strcpy(built.manifest.e[2].name, "service");
    assert_int_equal(read_built(), -ENOEXEC);
    assert_string_equal(err.why, "two devices have the same name");
    assert_string_equal(err.detail, "name 'service'");
}

static void refuses_an_image_without_an_abi_note(void **state)
{
    (void)state;
    image_build(&built);
    built.abi_note.header.type = built.abi2_note.header.type = 1;
    assert_int_equal(read_built(), -ENOEXEC);
    assert_string_equal(err.why, "this is not a unikernel image: it has no ABI note");
}

static void refuses_an_image_without_segments(void **state)
{
    (void)state;
    image_build(&built);
    built.headers[HEADER_TEXT].p_type = built.headers[HEADER_DATA].p_type = PT_NULL;
    assert_int_equal(read_built(), -ENOEXEC);
    assert_string_equal(err.why, "the image has no segment to load");
}

static void refuses_more_segments_than_it_can_hold(void **state)
{
    (void)state;
    static struct {
        struct built_image image;
        Elf64_Phdr headers[IMAGE_MAX_SEGMENTS + 1];
    } large;
    image_build(&large.image);
    large.image.elf.e_phoff = offsetof(__typeof__(large), headers);
    large.image.elf.e_phnum = IMAGE_MAX_SEGMENTS + 1;
    for (size_t i = 0; i <= IMAGE_MAX_SEGMENTS; i++) {
        large.headers[i] = large.image.headers[HEADER_TEXT];
        large.headers[i].p_vaddr += i * 0x1000;
    }
    struct image_source source = image_built_source(&large.image, sizeof large);
    assert_int_equal(image_read(&image, &source, &err), -ENOEXEC);
    assert_string_equal(err.why, "the image has too many segments");
}

static void makes_details_printable(void **state)
{
    (void)state;
    image_build(&built);
    strcpy(built.manifest.e[1].name, "a\x1b[2J\n");
    assert_int_equal(read_built(), -ENOEXEC);
    assert_string_equal(err.detail, "name 'a?[2J?'");
}

static void checks_the_memory_size(void **state)
{
    (void)state;
    image_build(&built);
    assert_int_equal(read_built(), 0);
    assert_int_equal(image_check_memory(&image, 0x180000, &err), 0);
    static const struct {
        uint64_t memory;
        const char *why;
    } cases[] = {{0x100000, "the entry point lies beyond the guest's memory"},
                 {0x101000, "a segment lies beyond the guest's memory"},
                 {0x102000, "the zero-filled data ends beyond the guest's memory"},
                 {0x17ffff, "the image needs more memory"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(image_check_memory(&image, cases[i].memory, &err), -ENOMEM);
        assert_string_equal(err.why, cases[i].why);
    }
}

/* Random bytes are never an image, and a valid one with random damage never breaks the reader. */
static void survives_random_damage(void **state)
{
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15u;
    for (int round = 0; round < 20000; round++) {
        image_build(&built);
        for (int damage = 0; damage < 3; damage++) {
            seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
            ((uint8_t *)&built)[(seed >> 16) % offsetof(struct built_image, text)] = (uint8_t)seed;
        }
        int result = read_built();
        assert_true(result == 0 || (result == -ENOEXEC && err.why != NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_the_valid_image),
        cmocka_unit_test(takes_the_first_abi_note_and_remembers_all),
        cmocka_unit_test(reads_the_bivy_note),
        cmocka_unit_test(knows_the_least_memory_without_a_bivy_note),
        cmocka_unit_test(reports_a_source_that_fails),
        cmocka_unit_test(reports_an_unreadable_source),
        cmocka_unit_test(refuses_each_spoiled_field_with_its_own_sentence),
        cmocka_unit_test(refuses_two_devices_of_one_name),
        cmocka_unit_test(refuses_an_image_without_an_abi_note),
        cmocka_unit_test(refuses_an_image_without_segments),
        cmocka_unit_test(refuses_more_segments_than_it_can_hold),
        cmocka_unit_test(makes_details_printable),
        cmocka_unit_test(checks_the_memory_size),
        cmocka_unit_test(survives_random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
