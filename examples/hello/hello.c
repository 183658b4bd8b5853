/* hello.c: the smallest unikernel: one line on the console. */
#include <stdio.h>

int main(void)
{
    puts("Hello, world!");
}
