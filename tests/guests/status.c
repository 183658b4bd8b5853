/* status.c: ends with the status of its argument, by way of the other one. */
#include <solo5.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    int status = argc > 2 ? atoi(argv[2]) : 0;
    if (strcmp(argv[1], "exit") == 0)
        exit(status);
    if (strcmp(argv[1], "solo5") == 0)
        solo5_exit(status);
    return status;
}
