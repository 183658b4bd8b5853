/* heap.c: all of the heap can be had and used, and the stack below its limit at the same time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static int use_stack(size_t size)
{
    volatile char frame[48 * 1024];
    memset((char *)frame, 1, size);
    return frame[size - 1];
}

int main(void)
{
    size_t count = 0, wrong = 0;
    void **last = NULL;
    for (void **block; (block = malloc(1000)) != NULL; last = block, count++) {
        memset(block, 0xa5, 1000);
        *block = last;
    }
    printf("%d\n", use_stack(48 * 1024));
    for (; last != NULL; last = *last)
        wrong += ((unsigned char *)last)[999] != 0xa5;
    printf("blocks %zu wrong %zu\n", count, wrong);
    return 0;
}
