/* two.c: two network devices: which one is ready is told, and frames go where they should. */
#include <solo5.h>
#include <stdio.h>

static uint8_t frame[1514];

int main(void)
{
    static const char *const names[] = {"first", "second"};
    solo5_handle_t handles[2];
    struct solo5_net_info info;
    solo5_handle_set_t ready;
    for (int i = 0; i < 2; i++)
        if (solo5_net_acquire(names[i], &handles[i], &info) != SOLO5_R_OK)
            return 1;
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        solo5_yield(UINT64_MAX, &ready);
        printf("set %d\n", (int)ready);
        for (int i = 0; i < 2; i++) {
            size_t size;
            if ((ready >> handles[i] & 1) &&
                solo5_net_read(handles[i], frame, sizeof frame, &size) == SOLO5_R_OK) {
                printf("%s %zu\n", names[i], size);
                if (frame[0] == 'q')
                    return 0;
                solo5_net_write(handles[!i], frame, size);
            }
        }
        fflush(stdout);
    }
}
