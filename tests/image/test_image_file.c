/* Images behind descriptors, and the texts of their refusal. */
#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/error.h"
#include "host/image_file.h"
#include "tests/image/builder.h"

static struct built_image built;
static struct image image;
static struct error err;

/* A memory file that holds the built image; its position is at the end. */
static int built_file(void)
{
    int fd = memfd_create("image", MFD_CLOEXEC);
    assert_int_equal(write(fd, &built, sizeof built), sizeof built);
    return fd;
}

static void reads_an_image_without_moving_the_position(void **state)
{
    (void)state;
    image_build(&built);
    int fd = built_file();
    assert_int_equal(image_file_read(fd, "x.uk", &image, &err), 0);
    assert_int_equal(image.entry, 0x100000);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), sizeof built);
    close(fd);
}

static void names_the_image_and_the_rule(void **state)
{
    (void)state;
    image_build(&built);
    built.elf.e_machine = EM_AARCH64;
    int fd = built_file();
    assert_int_equal(image_file_read(fd, "x.uk", &image, &err), -ENOEXEC);
    assert_string_equal(
        err.text, "not a valid unikernel image: x.uk: the image is for another processor (machine 183)");
    close(fd);
}

static void says_that_memory_is_missing(void **state)
{
    (void)state;
    image_build(&built);
    int fd = built_file();
    assert_int_equal(image_file_read(fd, "x.uk", &image, &err), 0);
    assert_int_equal(image_file_check_memory(&image, "x.uk", 1 << 20, &err), -ENOMEM);
    assert_string_equal(err.text,
                        "not enough memory for the image: x.uk: the entry point lies beyond the guest's "
                        "memory (entry 0x100000)");
    assert_int_equal(image_file_check_memory(&image, "x.uk", 2 << 20, &err), 0);
    close(fd);
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(image_file_read(pipes[0], "x.uk", &image, &err), -ENOEXEC);
    assert_string_equal(err.text, "not a unikernel image: x.uk: it is not a regular file");
    close(pipes[0]);
    close(pipes[1]);
    assert_int_equal(image_file_read(pipes[0], "x.uk", &image, &err), -EBADF);
}

static void copies_the_licences(void **state)
{
    (void)state;
    char text[64];
    image_build(&built);
    built.bivy.licenses[0] = '\x1b';
    int fd = built_file();
    assert_int_equal(image_file_read(fd, "x.uk", &image, &err), 0);
    assert_int_equal(image_file_licenses(fd, "x.uk", &image, text, sizeof text, &err), 7);
    assert_string_equal(text, "?i ISC\n");
    assert_int_equal(image_file_licenses(fd, "x.uk", &image, text, 4, &err), 3);
    assert_string_equal(text, "?i ");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_an_image_without_moving_the_position),
        cmocka_unit_test(names_the_image_and_the_rule),
        cmocka_unit_test(says_that_memory_is_missing),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(copies_the_licences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
