/* A unikernel: `bivy run .` builds it and runs it. What is printed goes to the console. */
#include <stdio.h>

int main(int argc, char **argv)
{
    printf("Hello from a unikernel.\n");
    for (int i = 1; i < argc; i++)
        printf("argument %d: %s\n", i, argv[i]);
    return 0;
}
