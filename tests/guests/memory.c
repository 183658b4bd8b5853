/* memory.c: all the memory that was given is there, zero, and the program's own. */
#include <solo5.h>
#include <stdint.h>

static void say_number(const char *label, uint64_t number)
{
    char line[64], *end = line + sizeof line, *at = end;
    *--at = '\n';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (*label)
        solo5_console_write(label++, 1);
    solo5_console_write(at, (size_t)(end - at));
}

int solo5_app_main(const struct solo5_start_info *info)
{
    const uint64_t stack = 16384; /* at the end, in use */
    volatile uint64_t *from = (volatile uint64_t *)info->heap_start;
    uint64_t words = (info->heap_size - stack) / sizeof *from, nonzero = 0, wrong = 0;
    for (uint64_t i = 0; i < words; i++)
        nonzero += from[i] != 0;
    for (uint64_t i = 0; i < words; i++)
        from[i] = i;
    for (uint64_t i = 0; i < words; i++)
        wrong += from[i] != i;
    say_number("end ", info->heap_start + info->heap_size);
    say_number("nonzero ", nonzero);
    say_number("wrong ", wrong);
    return 0;
}
