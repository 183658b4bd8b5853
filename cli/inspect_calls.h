/* inspect_calls.h: the part of `bivy inspect` about system calls. */
#ifndef CLI_INSPECT_CALLS_H
#define CLI_INSPECT_CALLS_H

struct error;

/* Prints the system calls that the image at PATH has, one a line in order; "(fails)" behind those that only
 * fail. */
int inspect_calls_print(const char *path, struct error *err);

#endif
