/*
 * fuzz_check.c: what bivy-check does with a compressed image: inflates it under a limit and reads what came
 * out.
 *
 * The first two bytes are the limit; with the next byte even, the rest is compressed here first, so that
 * mutations reach the image behind it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "daemon/inflate.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/image_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill(int fd, const uint8_t *data, size_t size, int compress)
{
    uLongf room = compressBound(size);
    uint8_t *packed = malloc(room);
    if (packed == NULL || (compress && compress2(packed, &room, data, size, Z_BEST_SPEED) != Z_OK))
        abort();
    if (fd_write_all(fd, compress ? packed : data, compress ? room : size) < 0)
        abort();
    free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct image image;
    struct error err = {0};
    struct stat st;
    cleanup_fd int input = memfd_create("input", MFD_CLOEXEC);
    cleanup_fd int output = memfd_create("output", MFD_CLOEXEC);
    if (size < 3 || input < 0 || output < 0)
        return 0;
    uint64_t limit = (uint64_t)data[0] << 16 | (uint64_t)data[1] << 8;
    fill(input, data + 3, size - 3, data[2] % 2 == 0);
    int result = inflate_file(input, output, limit, &err);
    if (fstat(output, &st) < 0 || (uint64_t)st.st_size > limit || (result < 0 && err.text[0] == '\0'))
        abort();
    if (result == 0 && image_file_read(output, "image", &image, &err) == 0) {
        char licenses[512];
        image_file_licenses(output, "image", &image, licenses, sizeof licenses, &err);
        image_file_check_memory(&image, "image", 64u << 20, &err);
    }
    return 0;
}
