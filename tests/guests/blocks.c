/* blocks.c: what is written is read back, and nothing but whole blocks within the capacity. */
#include <solo5.h>
#include <stdio.h>
#include <string.h>

static uint8_t block[65536];

int main(void)
{
    solo5_handle_t handle;
    struct solo5_block_info info;
    if (solo5_block_acquire("none", &handle, &info) != SOLO5_R_EINVAL ||
        solo5_block_acquire("storage", &handle, &info) != SOLO5_R_OK)
        return 1;
    size_t size = (size_t)info.block_size;
    const solo5_off_t offsets[] = {0,
                                   1,
                                   size,
                                   info.capacity - size,
                                   info.capacity - 1,
                                   info.capacity,
                                   info.capacity + size,
                                   UINT64_C(1) << 63,
                                   UINT64_MAX - size + 1};
    const size_t sizes[] = {0, 1, size - 1, size + 1, 2 * size, SIZE_MAX};
    printf("%d blocks of %zu\n", (int)(info.capacity / size), size);
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        memset(block, (int)i + 1, size);
        printf("%d", solo5_block_write(handle, offsets[i], block, size));
        memset(block, 0, size);
        int result = solo5_block_read(handle, offsets[i], block, size);
        printf("%d:%d ", result, block[size - 1]);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        printf("%d%d ", solo5_block_write(handle, 0, block, sizes[i]),
               solo5_block_read(handle, 0, block, sizes[i]));
    printf("%d%d\n", solo5_block_read(handle + 1, 0, block, size), solo5_block_read(0, 0, block, size));
    return 0;
}
