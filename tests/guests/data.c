/* data.c: initialised, zero and constant data, pointers among them, and constructors are as the program says.
 */
#include <stdio.h>
#include <string.h>

static int initialised[3] = {1, 2, 3};
static char zero[100000];
static const char *const texts[] = {"one", "two"};
static int *pointer = &initialised[2];
static int (*function)(const char *, ...) = printf;
static int constructed;

__attribute__((constructor)) static void construct(void)
{
    constructed = 7;
}

int main(void)
{
    size_t nonzero = 0;
    for (size_t i = 0; i < sizeof zero; i++)
        nonzero += zero[i] != 0;
    memset(zero, 1, sizeof zero);
    function("%d %d %s %zu %d %d\n", initialised[0], *pointer, texts[1], nonzero, zero[99999], constructed);
    return 0;
}
