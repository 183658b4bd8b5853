/* How segments get into memory, and what the boot information looks like. */
#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tender/common/load.h"
#include "tender/common/message.h"
#include "tender/common/source.h"
#include "tender/spt/boot.h"
#include "tests/image/builder.h"

static struct image_segment a_segment(void)
{
    return (struct image_segment){.start = 0x100000,
                                  .end = 0x103000,
                                  .address = 0x100000,
                                  .file_offset = 0x1000,
                                  .file_size = 0x2200,
                                  .memory_size = 0x2200,
                                  .flags = IMAGE_SEGMENT_READ | IMAGE_SEGMENT_EXECUTE};
}

static void maps_what_the_guest_cannot_write(void **state)
{
    (void)state;
    struct image_segment segment = a_segment();
    struct load_step step = load_plan(&segment);
    assert_true(step.from_file);
    assert_int_equal(step.protection, PROT_READ | PROT_EXEC);
    assert_int_equal(step.map_start, 0x100000);
    assert_int_equal(step.map_end, 0x103000);
    assert_int_equal(step.map_offset, 0x1000);
}

static void maps_whole_pages_around_a_segment(void **state)
{
    (void)state;
    struct image_segment segment = a_segment();
    segment.address = 0x100240;
    segment.file_offset = 0x5240;
    struct load_step step = load_plan(&segment);
    assert_true(step.from_file);
    assert_int_equal(step.map_start, 0x100000);
    assert_int_equal(step.map_offset, 0x5000);
    assert_int_equal(step.map_end, 0x103000);
}

static void copies_what_cannot_be_mapped(void **state)
{
    (void)state;
    struct image_segment segment = a_segment();
    segment.flags = IMAGE_SEGMENT_READ | IMAGE_SEGMENT_WRITE;
    assert_false(load_plan(&segment).from_file);
    segment = a_segment();
    segment.file_offset++;
    assert_false(load_plan(&segment).from_file);
    segment = a_segment();
    segment.memory_size++;
    assert_false(load_plan(&segment).from_file);
}

static struct built_image built;
static struct image image;
static struct image_error err;

/* Loads the built image, which stands in a memory file, at a place of the test's own. */
static uint8_t *load(void)
{
    struct image_source source;
    struct message message;
    int fd = memfd_create("image", MFD_CLOEXEC), opened;
    char name[16] = "@";
    assert_int_equal(write(fd, &built, sizeof built), sizeof built);
    name[1] = (char)('0' + fd / 10);
    name[2] = (char)('0' + fd % 10);
    assert_int_equal(source_open(&source, &opened, name, &message), 0);
    assert_int_equal(image_read(&image, &source, &err), 0);
    uint8_t *base = mmap(NULL, 0x200000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(base, MAP_FAILED);
    assert_int_equal(load_image(&image, &source, fd, (uint64_t)base, &err), 0);
    close(fd);
    return base;
}

static void loads_text_and_data(void **state)
{
    (void)state;
    image_build(&built);
    uint8_t *base = load();
    assert_memory_equal(base + 0x100000, built.text, sizeof built.text);
    assert_memory_equal(base + 0x101000, built.data, sizeof built.data);
    static const uint8_t zero[0xf00];
    assert_memory_equal(base + 0x101100, zero, sizeof zero);
    base[0x101000] = 1;
    munmap(base, 0x200000);
}

static void bytes_above_the_file_size_are_zero(void **state)
{
    (void)state;
    image_build(&built);
    built.headers[HEADER_TEXT].p_filesz = 0x10;
    uint8_t *base = load();
    assert_int_equal(base[0x100000 + 0xf], 0x90);
    for (size_t i = 0x10; i < 0x1000; i++)
        assert_int_equal(base[0x100000 + i], 0);
    munmap(base, 0x200000);
}

static struct {
    struct spt_boot_info info;
    uint8_t rest[BOOT_MAX_SIZE];
} boot;

static int write_boot(const char *const *arguments)
{
    static struct image_manifest manifest;
    struct spt_boot_info info = {.mem_size = 0x200000, .kernel_end = 0x103000, .epollfd = 4, .timerfd = 5};
    manifest.version = MFT_VERSION;
    manifest.entries = 2;
    strcpy(manifest.e[1].name, "service");
    memset(&boot, 0xee, sizeof boot);
    return boot_write(&boot, SPT_BOOT_INFO, &info, &manifest, arguments);
}

static void boot_information_is_followed_by_manifest_and_command_line(void **state)
{
    (void)state;
    const char *arguments[] = {"--ipv4=10.0.0.2/24", "a", "", "b c", NULL};
    assert_int_equal(write_boot(arguments), 0);
    assert_int_equal(boot.info.mem_size, 0x200000);
    assert_int_equal(boot.info.kernel_end, 0x103000);
    assert_int_equal(boot.info.epollfd, 4);
    assert_int_equal(boot.info.timerfd, 5);
    assert_int_equal(boot.info.mft, 0x11028);
    assert_int_equal(boot.info.cmdline, 0x11028 + MFT_SIZE(2));
    assert_string_equal((char *)boot.rest + 8 + sizeof(struct mft_entry), "service");
    assert_string_equal((char *)boot.rest + MFT_SIZE(2), "--ipv4=10.0.0.2/24 a  b c");
}

static void the_command_line_has_a_limit(void **state)
{
    (void)state;
    static char large[8193];
    const char *arguments[] = {large, NULL};
    memset(large, 'x', 8191);
    assert_int_equal(write_boot(arguments), 0);
    assert_int_equal(strlen((char *)boot.rest + MFT_SIZE(2)), 8191);
    assert_int_equal(boot.rest[MFT_SIZE(2) + 8192], 0xee);
    large[8191] = 'x';
    assert_int_equal(write_boot(arguments), -E2BIG);
    large[8191] = '\0';
    assert_int_equal(write_boot((const char *[]){large, "", NULL}), -E2BIG);
    large[8190] = '\0';
    assert_int_equal(write_boot((const char *[]){large, "", NULL}), 0);
    assert_int_equal(write_boot((const char *[]){large, "y", NULL}), -E2BIG);
    assert_int_equal(write_boot((const char *[]){NULL}), 0);
    assert_string_equal((char *)boot.rest + MFT_SIZE(2), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_what_the_guest_cannot_write),
        cmocka_unit_test(maps_whole_pages_around_a_segment),
        cmocka_unit_test(copies_what_cannot_be_mapped),
        cmocka_unit_test(loads_text_and_data),
        cmocka_unit_test(bytes_above_the_file_size_are_zero),
        cmocka_unit_test(boot_information_is_followed_by_manifest_and_command_line),
        cmocka_unit_test(the_command_line_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
