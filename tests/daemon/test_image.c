#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/image.h"
#include "host/error.h"
#include "host/fd.h"

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static char folder[64];
static int directory;

static int setup(void **state)
{
    struct error err;
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/bivy-image-XXXXXX");
    assert_non_null(mkdtemp(folder));
    directory = image_directory(folder, &err);
    return directory < 0;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    close(directory);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void keep(const char *text, uint8_t digest[static STORE_DIGEST_SIZE])
{
    struct image_upload upload;
    struct error err;
    assert_int_equal(image_upload_begin(&upload, directory, 100, 0, &err), 0);
    assert_int_equal(image_upload_write(&upload, text, strlen(text), &err), 0);
    image_upload_digest(&upload, digest);
    assert_int_equal(image_upload_keep(&upload, directory, digest, &err), 0);
    image_upload_end(&upload, directory);
}

static void an_image_is_named_by_what_is_in_it(void **state)
{
    uint8_t digest[STORE_DIGEST_SIZE];
    char hex[65], text[8] = "";
    struct stat status;
    (void)state;
    keep("abc", digest);
    image_hex(digest, hex);
    assert_string_equal(hex, ABC);
    assert_int_equal(fstatat(directory, ABC, &status, 0), 0);
    assert_int_equal(status.st_mode & 0777, 0400);
    int fd = image_open(directory, digest, NULL);
    assert_int_equal(fd_read_all(fd, text, sizeof text), 3);
    assert_string_equal(text, "abc");
    close(fd);
}

static void the_same_image_twice_is_one_file(void **state)
{
    uint8_t digest[STORE_DIGEST_SIZE];
    struct stat first, second;
    (void)state;
    keep("abc", digest);
    assert_int_equal(fstatat(directory, ABC, &first, 0), 0);
    keep("abc", digest);
    assert_int_equal(fstatat(directory, ABC, &second, 0), 0);
    assert_int_equal(first.st_ino, second.st_ino);
}

static void more_than_announced_is_refused(void **state)
{
    struct image_upload upload;
    struct error err;
    (void)state;
    assert_int_equal(image_upload_begin(&upload, directory, 4, 4, &err), 0);
    assert_int_equal(image_upload_write(&upload, "abc", 3, &err), 0);
    assert_int_equal(image_upload_write(&upload, "de", 2, &err), -EFBIG);
    image_upload_end(&upload, directory);
}

static void an_upload_that_ends_early_leaves_no_file(void **state)
{
    struct image_upload upload;
    char command[128];
    (void)state;
    assert_int_equal(image_upload_begin(&upload, directory, 4, 0, NULL), 0);
    image_upload_write(&upload, "abc", 3, NULL);
    image_upload_end(&upload, directory);
    snprintf(command, sizeof command, "test -z \"$(ls -A %s/images)\"", folder);
    assert_int_equal(system(command), 0);
}

static void what_a_crash_left_is_removed(void **state)
{
    struct error err;
    (void)state;
    close(openat(directory, ".upload-7", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    int again = image_directory(folder, &err);
    assert_true(faccessat(again, ".upload-7", F_OK, 0) < 0);
    close(again);
}

static void a_file_that_another_wrote_is_hashed_anew(void **state)
{
    struct image_upload upload;
    uint8_t digest[STORE_DIGEST_SIZE];
    char hex[65];
    (void)state;
    assert_int_equal(image_upload_begin(&upload, directory, 100, 0, NULL), 0);
    assert_int_equal(write(upload.fd, "abc", 3), 3);
    assert_int_equal(image_upload_rehash(&upload, NULL), 0);
    image_upload_digest(&upload, digest);
    image_hex(digest, hex);
    assert_string_equal(hex, ABC);
    image_upload_end(&upload, directory);
}

int main(void)
{
#define IMAGE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        IMAGE_TEST(an_image_is_named_by_what_is_in_it), IMAGE_TEST(the_same_image_twice_is_one_file),
        IMAGE_TEST(more_than_announced_is_refused),     IMAGE_TEST(an_upload_that_ends_early_leaves_no_file),
        IMAGE_TEST(what_a_crash_left_is_removed),       IMAGE_TEST(a_file_that_another_wrote_is_hashed_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
