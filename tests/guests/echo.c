/* echo.c: sends every frame back, held until it waits; ends with the first that begins with 'q'. */
#include <bivy/batch.h>
#include <solo5.h>
#include <stdio.h>

static uint8_t frame[65536];

int main(void)
{
    solo5_handle_t handle;
    struct solo5_net_info info;
    size_t size, frames = 0;
    if (solo5_net_acquire("service", &handle, &info) != SOLO5_R_OK)
        return 1;
    solo5_console_write("ready\n", 6);
    bivy_net_hold(true);
    for (;;) {
        solo5_result_t result = solo5_net_read(handle, frame, sizeof frame, &size);
        if (result == SOLO5_R_AGAIN)
            solo5_yield(UINT64_MAX, NULL);
        else if (result != SOLO5_R_OK || frame[0] == 'q')
            break;
        else
            while (solo5_net_write(handle, frame, size) == SOLO5_R_AGAIN)
                solo5_yield(0, NULL);
        frames += result == SOLO5_R_OK;
    }
    bivy_net_hold(false);
    solo5_net_write(handle, (const uint8_t *)"the end of the echo", 19);
    printf("frames %zu\n", frames);
    return 0;
}
