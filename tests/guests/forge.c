/*
 * forge.c: sends what it is told to: each argument is a frame in hexadecimal, and after a '*' how often at
 * once. Then it tells every frame that it is sent itself.
 */
#include <solo5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t frame[65536];

static void send_one(solo5_handle_t handle, const char *text)
{
    size_t size = 0;
    unsigned byte;
    const char *star = strchr(text, '*');
    long count = star == NULL ? 1 : strtol(star + 1, NULL, 10);
    while (sscanf(text + 2 * size, "%2x", &byte) == 1 && text[2 * size] != '*')
        frame[size++] = (uint8_t)byte;
    for (long i = 0; i < count; i++)
        solo5_net_write(handle, frame, size);
}

int main(int argc, char **argv)
{
    solo5_handle_t handle;
    struct solo5_net_info info;
    size_t size;
    if (solo5_net_acquire("service", &handle, &info) != SOLO5_R_OK)
        return 1;
    for (int i = 1; i < argc; i++)
        if (argv[i][0] != '-')
            send_one(handle, argv[i]);
    printf("sent, mtu %zu\n", info.mtu);
    for (;;) {
        solo5_result_t result = solo5_net_read(handle, frame, sizeof frame, &size);
        if (result != SOLO5_R_OK) {
            solo5_yield(UINT64_MAX, NULL);
            continue;
        }
        printf("got ");
        for (size_t i = 0; i < size && i < 96; i++)
            printf("%02x", frame[i]);
        printf("\n");
    }
}
