/* frames.c: the bounds of a frame's size, and bursts of frames. */
#include <solo5.h>
#include <stdio.h>

static uint8_t frame[65536];

static void try_sizes(solo5_handle_t handle, size_t mtu)
{
    const size_t sizes[] = {0, 13, 14, 60, mtu + 14, mtu + 15, (size_t)1 << 32, SIZE_MAX};
    size_t size;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        printf("%d ", solo5_net_write(handle, frame, sizes[i]));
    printf("%d ", solo5_net_read(handle, frame, mtu + 13, &size));
    printf("%d ", solo5_net_write(0, frame, 60));
    printf("%d ", solo5_net_write(2, frame, 60));
    printf("%d\n", solo5_net_write(UINT64_C(1) << 32 | 1, frame, 60));
}

int main(void)
{
    solo5_handle_t handle;
    struct solo5_net_info info;
    size_t size, count = 0, bytes = 0;
    if (solo5_net_acquire("nothing", &handle, &info) != SOLO5_R_EINVAL ||
        solo5_net_acquire("service", &handle, &info) != SOLO5_R_OK)
        return 1;
    printf("mtu %zu mac %02x:%02x:%02x:%02x:%02x:%02x\n", info.mtu, info.mac_address[0], info.mac_address[1],
           info.mac_address[2], info.mac_address[3], info.mac_address[4], info.mac_address[5]);
    try_sizes(handle, info.mtu);
    for (;;) {
        solo5_result_t result = solo5_net_read(handle, frame, sizeof frame, &size);
        if (result == SOLO5_R_AGAIN) {
            solo5_yield(UINT64_MAX, NULL);
            continue;
        }
        if (result != SOLO5_R_OK || frame[0] == 'q')
            break;
        count++;
        bytes += size;
    }
    printf("frames %zu bytes %zu\n", count, bytes);
    for (int i = 0; i < 20; i++)
        solo5_net_write(handle, frame, (size_t)(60 + i));
    return 0;
}
