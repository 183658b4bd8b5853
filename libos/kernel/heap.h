/*
 * heap.h: the memory allocator: segregated fits over one region, made to touch as few pages as possible.
 *
 * A unikernel's cost on its host is the pages it has touched. So free blocks of a list are reused last
 * freed first (their pages are touched already, and warm), the region beyond the frontier is entered
 * only when no free block fits, the frontier falls back when the last block is freed, and zeroing skips
 * what was never written. Every operation takes constant time but for four looks into one list.
 */
#ifndef LIBOS_HEAP_H
#define LIBOS_HEAP_H

#include <stddef.h>
#include <stdint.h>

#define HEAP_ALIGNMENT 16u /* bytes; of every block handed out */
#define HEAP_LISTS     128u

struct heap_free;

struct heap {
    uintptr_t start;    /* first block's header */
    uintptr_t frontier; /* where the next block would begin; beyond it nothing is in use */
    uintptr_t limit;    /* end of the region */
    uintptr_t touched;  /* highest frontier so far: from there on memory still is zero */
    uint64_t filled[HEAP_LISTS / 64];
    struct heap_free *lists[HEAP_LISTS];
};

/* Makes HEAP manage the zero-filled bytes from START to LIMIT; nothing in between is written. */
void heap_open(struct heap *heap, uintptr_t start, uintptr_t limit);

/* At least SIZE bytes (0 counts as 1), aligned to HEAP_ALIGNMENT and not initialised; NULL: no room. */
void *heap_allocate(struct heap *heap, size_t size);

/* The same, zero-filled. */
void *heap_allocate_zeroed(struct heap *heap, size_t size);

/* The same as heap_allocate() with ALIGNMENT, a power of two. */
void *heap_allocate_aligned(struct heap *heap, size_t alignment, size_t size);

/* The same, zero-filled. */
void *heap_allocate_aligned_zeroed(struct heap *heap, size_t alignment, size_t size);

/* Gives back a block; NULL is ignored. A pointer that is no block in use ends in heap_corrupt(). */
void heap_release(struct heap *heap, void *block);

/* Resizes a block, in place where it can, and returns it, or NULL: no room, BLOCK is unchanged. */
void *heap_resize(struct heap *heap, void *block, size_t size);

/* The bytes that may be used of a block. */
size_t heap_block_size(const void *block);

/* Provided by whoever uses the allocator: a block was freed twice or overrun. Does not return. */
void heap_corrupt(const void *block) __attribute__((noreturn));

#endif
