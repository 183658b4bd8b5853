/* Inflating an image that a stranger compressed: whole or refused, and never beyond the limit. */
#define _GNU_SOURCE
#include "tests/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "daemon/inflate.h"
#include "host/error.h"
#include "host/fd.h"

#define SIZE 200000u

static uint8_t plain[SIZE];
static uint8_t packed[SIZE + 4096];
static uLongf packed_size;
static int input, output;

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        plain[i] = (uint8_t)(i * 2654435761u >> 13);
    packed_size = sizeof packed;
    input = memfd_create("input", MFD_CLOEXEC);
    output = memfd_create("output", MFD_CLOEXEC);
    return input < 0 || output < 0 || compress(packed, &packed_size, plain, SIZE) != Z_OK;
}

static int teardown(void **state)
{
    (void)state;
    fd_close(&input);
    fd_close(&output);
    return 0;
}

static uint64_t output_size(void)
{
    struct stat st;
    assert_int_equal(fstat(output, &st), 0);
    return (uint64_t)st.st_size;
}

static void what_was_compressed_comes_out(void **state)
{
    static uint8_t out[SIZE];
    struct error err;
    (void)state;
    assert_int_equal(fd_write_all(input, packed, packed_size), 0);
    assert_int_equal(fd_write_all(input, "more", 4), 0);
    assert_int_equal(inflate_file(input, output, SIZE, &err), 0);
    assert_int_equal(output_size(), SIZE);
    assert_int_equal(pread(output, out, SIZE, 0), SIZE);
    assert_memory_equal(out, plain, SIZE);
}

static void more_than_the_limit_is_refused(void **state)
{
    struct error err;
    (void)state;
    assert_int_equal(fd_write_all(input, packed, packed_size), 0);
    assert_int_equal(inflate_file(input, output, SIZE - 1, &err), -EFBIG);
    assert_true(output_size() < SIZE);
}

static void a_stream_cut_short_is_refused(void **state)
{
    struct error err;
    (void)state;
    assert_int_equal(fd_write_all(input, packed, packed_size - 1), 0);
    assert_int_equal(inflate_file(input, output, SIZE, &err), -EBADMSG);
}

static void a_damaged_stream_is_refused(void **state)
{
    struct error err;
    (void)state;
    packed[packed_size - 1] ^= 1; /* of its check sum */
    assert_int_equal(fd_write_all(input, packed, packed_size), 0);
    assert_int_equal(inflate_file(input, output, SIZE, &err), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_compressed_comes_out, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_the_limit_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stream_cut_short_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_stream_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
