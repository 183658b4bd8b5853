/* tls.c: each thread-local variable has its initial value, its alignment and a place of its own. */
#include <stdint.h>
#include <stdio.h>

static __thread int small = 7;
static __thread char zero;
static _Alignas(64) __thread uint64_t aligned = 9;
static __thread char text[10] = "thread";

int main(void)
{
    printf("%d %d %d %s %d\n", small, zero, (int)aligned, text, (int)((uintptr_t)&aligned % 64));
    small = 1;
    zero = 2;
    aligned = 3;
    text[0] = 'T';
    printf("%d %d %d %s\n", small, zero, (int)aligned, text);
    return 0;
}
