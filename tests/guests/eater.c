/* Fills memory after a while: eater SECONDS MIB. It writes into every page, so that the host must find each.
 */
#include <solo5.h>
#include <stdio.h>
#include <stdlib.h>

static void wait_for(unsigned long seconds)
{
    solo5_time_t end = solo5_clock_monotonic() + seconds * 1000000000ull;
    solo5_handle_set_t ready;
    while (solo5_clock_monotonic() < end)
        solo5_yield(end, &ready);
}

int main(int argc, char **argv)
{
    size_t size = (size_t)strtoul(argc > 2 ? argv[2] : "1", NULL, 10) << 20;
    wait_for(strtoul(argc > 1 ? argv[1] : "1", NULL, 10));
    volatile char *memory = malloc(size); /* or the compiler leaves out what nobody reads */
    if (memory == NULL)
        return 3;
    for (size_t i = 0; i < size; i += 4096)
        memory[i] = 1;
    printf("ate\n");
    fflush(stdout);
    for (;;)
        wait_for(60);
}
