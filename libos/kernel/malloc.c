/* malloc.c: the C library's allocation functions over the one heap of the unikernel. */
#include "libos/kernel/heap.h"
#include "libos/kernel/kernel.h"
#include "libos/kernel/report.h"
#include "libos/kernel/say.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* An absolute symbol, whose address is the number: the linker script writes it into the image's note. */
__asm__(".globl bivy_stack_size\n.set bivy_stack_size, 0x10000\n");
extern char bivy_stack_size[];

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);
void *memalign(size_t alignment, size_t size);
size_t malloc_usable_size(void *block);

static struct heap heap;
struct solo5_start_info kernel_info;

struct heap *kernel_heap(void)
{
    return &heap;
}

void malloc_open(const struct solo5_start_info *info)
{
    kernel_info = *info;
    heap_open(&heap, info->heap_start, info->heap_start + info->heap_size - (uintptr_t)bivy_stack_size);
}

void heap_corrupt(const void *block)
{
    (void)block;
    say("the heap is corrupt: a block was freed twice or written past its end\n");
    solo5_abort();
}

static void *checked(void *block, size_t size, const void *caller)
{
    if (!block) {
        report_no_memory(size, caller);
        errno = ENOMEM;
    }
    return block;
}

#define CHECKED(block, size) checked(block, size, __builtin_return_address(0))

void *malloc(size_t size)
{
    return CHECKED(heap_allocate(&heap, size), size);
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        return CHECKED(NULL, SIZE_MAX);
    return CHECKED(heap_allocate_zeroed(&heap, bytes), bytes);
}

void *realloc(void *block, size_t size)
{
    return CHECKED(heap_resize(&heap, block, size), size);
}

void free(void *block)
{
    heap_release(&heap, block);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
        errno = EINVAL;
        return NULL;
    }
    return CHECKED(heap_allocate_aligned(&heap, alignment, size), size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    *block = heap_allocate_aligned(&heap, alignment, size);
    return *block ? 0 : ENOMEM;
}

void *memalign(size_t alignment, size_t size)
{
    return aligned_alloc(alignment, size);
}

size_t malloc_usable_size(void *block)
{
    return block ? heap_block_size(block) : 0;
}

/* The names by which musl's own sources call them. */
void *__libc_malloc(size_t size) __attribute__((alias("malloc")));
void *__libc_calloc(size_t count, size_t size) __attribute__((alias("calloc")));
void *__libc_realloc(void *block, size_t size) __attribute__((alias("realloc")));
void __libc_free(void *block) __attribute__((alias("free")));
