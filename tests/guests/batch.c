/* batch.c: several requests at once mean what they mean one by one; prints a sum of what was read. */
#include <bivy/batch.h>
#include <solo5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 600

static uint8_t data[MOST][4096];
static struct bivy_block_request requests[MOST];

static void fill(solo5_handle_t handle, const struct solo5_block_info *info, size_t count, bool write)
{
    for (size_t i = 0; i < count; i++) {
        memset(data[i], write ? (int)i + 1 : 0, info->block_size);
        requests[i] = (struct bivy_block_request){
            handle, i * info->block_size, data[i], (size_t)info->block_size, write, SOLO5_R_AGAIN};
    }
}

static void report(const char *what, size_t count)
{
    size_t ok = 0, wrong = 0, sum = 0;
    for (size_t i = 0; i < count; i++) {
        ok += requests[i].result == SOLO5_R_OK;
        wrong += requests[i].result == SOLO5_R_EINVAL;
        sum += data[i][requests[i].size < sizeof data[i] ? requests[i].size - 1 : 0];
    }
    printf("%s: ok %zu wrong %zu sum %zu\n", what, ok, wrong, sum);
}

int main(int argc, char **argv)
{
    solo5_handle_t handle;
    struct solo5_block_info info;
    size_t count = argc > 1 ? (size_t)atoi(argv[1]) : 16;
    if (count > MOST || solo5_block_acquire("storage", &handle, &info) != SOLO5_R_OK)
        return 1;
    fill(handle, &info, count, true);
    bivy_block_batch(requests, count);
    report("written", count);
    fill(handle, &info, count, false);
    requests[1].handle = 9;
    requests[2].offset++;
    requests[3].size /= 2;
    requests[4].offset = info.capacity;
    bivy_block_batch(requests, count);
    report("read", count);
    bivy_block_batch(requests, 0);
    return 0;
}
