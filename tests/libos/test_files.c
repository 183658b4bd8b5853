/* test_files.c: looking up files that are built into an image. */
#include "tests/check.h"

#include <string.h>

#include "bivy/files.h"

#define BYTES(text) .data = (const uint8_t *)(text), .size_bytes = sizeof(text) - 1

extern const struct files_entry bivy_files[];
extern const uint64_t bivy_files_count;

const struct files_entry bivy_files[] = {
    {.path = "a", BYTES("1")},          {.path = "a/b", BYTES("22")},          {.path = "ab", BYTES("")},
    {.path = "index.html", BYTES("4")}, {.path = "index.html.gz", BYTES("5")},
};
const uint64_t bivy_files_count = sizeof bivy_files / sizeof *bivy_files;

static void every_file_is_found_by_its_path(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < files_count(); i++)
        assert_ptr_equal(files_find(files_at(i)->path, strlen(files_at(i)->path)), files_at(i));
}

static void other_paths_are_not_found(void **unused)
{
    static const char *const absent[] = {"", "b", "a/", "a/bc", "index.htm", "index.html.", "zzz", "/a"};

    (void)unused;
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_null(files_find(absent[i], strlen(absent[i])));
}

static void a_length_cuts_the_path(void **unused)
{
    (void)unused;
    assert_ptr_equal(files_find("a/b", 1), &bivy_files[0]);
    assert_null(files_find("a\0b", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_found_by_its_path),
        cmocka_unit_test(other_paths_are_not_found),
        cmocka_unit_test(a_length_cuts_the_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
