/* kernel.h: what the parts of the library OS share behind its public headers. */
#ifndef LIBOS_KERNEL_H
#define LIBOS_KERNEL_H

#include <solo5.h>

/* Gives malloc() the region of INFO, less the stack at its end. */
void malloc_open(const struct solo5_start_info *info);

/* The heap behind malloc(). */
struct heap;
struct heap *kernel_heap(void);

/* What the unikernel was started with. */
extern struct solo5_start_info kernel_info;

/* Prepares the C library (libos/libc/open.c): the thread pointer and the storage behind it, and the name of
 * the program. */
void libc_open(char *name);

/* Fills SIZE bytes with the output of the processor's generator; the number of bytes it gave, which is
 * less where it has none. */
size_t random_processor(void *data, size_t size);

/* The time-stamp counter. */
uint64_t random_cycles(void);

#endif
