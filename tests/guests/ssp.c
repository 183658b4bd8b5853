/* ssp.c: a write past a buffer on the stack ends the program before it can return into it. */
#include <stdio.h>
#include <string.h>

__attribute__((noinline)) static void overrun(size_t size)
{
    char buffer[16];
    char *volatile where = buffer;
    memset(where, 'x', size);
    printf("%c\n", buffer[0]);
}

int main(void)
{
    overrun(16);
    overrun(64);
    puts("not reached");
    return 0;
}
