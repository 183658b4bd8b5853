/* fault.c: does what no program may, as its argument says. */
#include <solo5.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *volatile constant = "constant";
static volatile char data[16] = {(char)0xc3};

__attribute__((noinline)) static int deep(volatile char *above)
{
    volatile char frame[512];
    frame[0] = above[0];
    return deep(frame) + frame[0];
}

__attribute__((noinline, used)) static void run(const char *what)
{
    volatile int zero = 0, one = 1;
    if (strcmp(what, "null") == 0)
        *(volatile int *)(uintptr_t)(zero + 8) = 1;
    else if (strcmp(what, "text") == 0)
        *(volatile char *)(uintptr_t)run = 1;
    else if (strcmp(what, "constant") == 0)
        *(volatile char *)(uintptr_t)constant = 2;
    else if (strcmp(what, "data") == 0)
        ((void (*)(void))(uintptr_t)data)();
    else if (strcmp(what, "wild") == 0)
        *(volatile int *)UINT64_C(0x8000000000000000) = 1;
    else if (strcmp(what, "beyond") == 0)
        *(volatile int *)UINT64_C(0x10000000000) = 1;
    else if (strcmp(what, "division") == 0)
        printf("%d\n", one / zero);
    else if (strcmp(what, "invalid") == 0)
        __builtin_trap();
    else if (strcmp(what, "breakpoint") == 0)
        __asm__ volatile("int3");
    else if (strcmp(what, "privileged") == 0)
        __asm__ volatile("hlt");
    else if (strcmp(what, "stack") == 0)
        printf("%d\n", deep(data));
    else if (strcmp(what, "abort") == 0)
        abort();
    else if (strcmp(what, "solo5_abort") == 0)
        solo5_abort();
}

int main(int argc, char **argv)
{
    solo5_console_write("before\n", 7);
    run(argc > 1 ? argv[1] : "");
    solo5_console_write("after\n", 6);
    return 0;
}
