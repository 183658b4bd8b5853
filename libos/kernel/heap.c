/*
 * heap.c: the allocator of heap.h.
 *
 * A block is a header word (its size, a multiple of 16, and two flags) and the bytes behind it. A free
 * block holds the links of its list and ends with its size, so that the block behind it finds its
 * beginning; the flag PREVIOUS_FREE says when that word is valid. Neighbouring free blocks are always
 * merged, and a free block at the frontier does not exist: the frontier falls instead.
 */
#include "libos/kernel/heap.h"

#include <stdbool.h>
#include <string.h>

#define FREE          ((size_t)1)
#define PREVIOUS_FREE ((size_t)2)
#define FLAGS         ((size_t)15)
#define HEADER        sizeof(size_t)
#define LEAST         32u /* bytes: header, two links, size */
#define LOOKS         4   /* into a list whose blocks may be too small */

struct heap_free {
    size_t header;
    struct heap_free *next, *previous;
};

static size_t *header_of(uintptr_t block)
{
    return (size_t *)block;
}

static size_t size_of(uintptr_t block)
{
    return *header_of(block) & ~FLAGS;
}

/* The list for blocks of SIZE: four for each power of two. */
static unsigned list_of(size_t size)
{
    uint64_t units = size / HEAP_ALIGNMENT;
    unsigned power = 63u - (unsigned)__builtin_clzll(units);
    unsigned quarter = (unsigned)(units << 2 >> power & 3);
    unsigned list = power * 4 + quarter;

    return list < HEAP_LISTS ? list : HEAP_LISTS - 1;
}

static void list_insert(struct heap *heap, uintptr_t block, size_t size)
{
    unsigned list = list_of(size);
    struct heap_free *entry = (struct heap_free *)block;

    entry->header = size | FREE | (entry->header & PREVIOUS_FREE);
    entry->previous = NULL;
    entry->next = heap->lists[list];
    if (entry->next)
        entry->next->previous = entry;
    heap->lists[list] = entry;
    heap->filled[list / 64] |= UINT64_C(1) << list % 64;
    *header_of(block + size - HEADER) = size;
    *header_of(block + size) |= PREVIOUS_FREE;
}

static void list_remove(struct heap *heap, uintptr_t block)
{
    struct heap_free *entry = (struct heap_free *)block;
    size_t size = size_of(block);
    unsigned list = list_of(size);

    if (entry->previous ? entry->previous->next != entry : heap->lists[list] != entry)
        heap_corrupt(entry);
    if (entry->previous)
        entry->previous->next = entry->next;
    else
        heap->lists[list] = entry->next;
    if (entry->next)
        entry->next->previous = entry->previous;
    if (!heap->lists[list])
        heap->filled[list / 64] &= ~(UINT64_C(1) << list % 64);
    *header_of(block + size) &= ~PREVIOUS_FREE;
}

void heap_open(struct heap *heap, uintptr_t start, uintptr_t limit)
{
    memset(heap, 0, sizeof *heap);
    /* The bytes behind a header are aligned, so a header stands 8 bytes before a multiple of 16. */
    heap->start = ((start + HEADER + HEAP_ALIGNMENT - 1) & ~(uintptr_t)(HEAP_ALIGNMENT - 1)) - HEADER;
    heap->frontier = heap->touched = heap->start;
    heap->limit = limit;
}

/* A free block of at least SIZE, taken out of its list; 0: there is none. */
static uintptr_t list_find(struct heap *heap, size_t size)
{
    unsigned list = list_of(size), looks = LOOKS;

    for (struct heap_free *entry = heap->lists[list]; entry && looks-- > 0; entry = entry->next) {
        if ((entry->header & ~FLAGS) >= size) {
            list_remove(heap, (uintptr_t)entry);
            return (uintptr_t)entry;
        }
    }
    /* Any block of a higher list fits. */
    for (unsigned word = ++list / 64; word < HEAP_LISTS / 64; word++) {
        uint64_t filled = heap->filled[word];
        if (word == list / 64)
            filled &= ~UINT64_C(0) << list % 64;
        if (filled) {
            uintptr_t block = (uintptr_t)heap->lists[word * 64 + (unsigned)__builtin_ctzll(filled)];
            list_remove(heap, block);
            return block;
        }
    }
    return 0;
}

/* Cuts BLOCK, in use, down to SIZE and gives back the rest if it is worth a block of its own. */
static void block_trim(struct heap *heap, uintptr_t block, size_t size)
{
    size_t whole = size_of(block), rest = whole - size;

    if (rest < LEAST)
        return;
    *header_of(block) = size | (*header_of(block) & PREVIOUS_FREE);
    *header_of(block + size) = rest;
    heap_release(heap, (void *)(block + size + HEADER));
}

/* The size of the block for a request, or 0 if it is beyond reason. */
static size_t block_size(const struct heap *heap, size_t size)
{
    if (size > heap->limit - heap->start)
        return 0;
    size = (size + HEADER + HEAP_ALIGNMENT - 1) & ~(size_t)(HEAP_ALIGNMENT - 1);
    return size < LEAST ? LEAST : size;
}

static uintptr_t frontier_take(struct heap *heap, size_t size)
{
    uintptr_t block = heap->frontier;

    /* The word behind the last block stays free: flags of "the next block" may be written there. */
    if (heap->limit - block < size + HEADER)
        return 0;
    *header_of(block) = size;
    heap->frontier += size;
    *header_of(heap->frontier) = 0;
    if (heap->touched < heap->frontier + HEADER)
        heap->touched = heap->frontier + HEADER;
    return block;
}

void *heap_allocate(struct heap *heap, size_t size)
{
    uintptr_t block;

    size = block_size(heap, size);
    if (size == 0)
        return NULL;
    block = list_find(heap, size);
    if (block) {
        *header_of(block) &= ~FREE;
        block_trim(heap, block, size);
    } else {
        block = frontier_take(heap, size);
    }
    return block ? (void *)(block + HEADER) : NULL;
}

void *heap_allocate_zeroed(struct heap *heap, size_t size)
{
    uintptr_t touched = heap->touched;
    uint8_t *block = heap_allocate(heap, size);
    uintptr_t at = (uintptr_t)block;

    if (block && at < touched)
        memset(block, 0, touched - at < size ? touched - at : size);
    return block;
}

void *heap_allocate_aligned(struct heap *heap, size_t alignment, size_t size)
{
    uintptr_t block, aligned;

    if (alignment <= HEAP_ALIGNMENT)
        return heap_allocate(heap, size);
    if (size > heap->limit || alignment > heap->limit)
        return NULL;
    block = (uintptr_t)heap_allocate(heap, size + alignment + LEAST);
    if (!block)
        return NULL;
    aligned = (block + alignment - 1) & ~(alignment - 1);
    if (aligned != block) {
        /* What stands before the aligned block must be a block too. */
        if (aligned - block < LEAST)
            aligned += alignment;
        *header_of(aligned - HEADER) = size_of(block - HEADER) - (aligned - block);
        *header_of(block - HEADER) = (aligned - block) | (*header_of(block - HEADER) & PREVIOUS_FREE);
        heap_release(heap, (void *)block);
    }
    block_trim(heap, aligned - HEADER, block_size(heap, size));
    return (void *)aligned;
}

void *heap_allocate_aligned_zeroed(struct heap *heap, size_t alignment, size_t size)
{
    uintptr_t touched = heap->touched;
    uint8_t *block = heap_allocate_aligned(heap, alignment, size);
    uintptr_t at = (uintptr_t)block;

    if (block && at < touched)
        memset(block, 0, touched - at < size ? touched - at : size);
    return block;
}

/* A block in use of this heap: what a stray pointer, a second free or an overrun would not look like. */
static bool block_plausible(const struct heap *heap, uintptr_t block)
{
    size_t size;

    if (block < heap->start || block >= heap->frontier || (block + HEADER) % HEAP_ALIGNMENT != 0)
        return false;
    size = size_of(block);
    return !(*header_of(block) & (FLAGS & ~PREVIOUS_FREE)) && size >= LEAST &&
           size <= heap->frontier - block && !(*header_of(block + size) & PREVIOUS_FREE);
}

void heap_release(struct heap *heap, void *pointer)
{
    uintptr_t block = (uintptr_t)pointer - HEADER;
    size_t size;

    if (!pointer)
        return;
    if (!block_plausible(heap, block))
        heap_corrupt(pointer);
    size = size_of(block);
    if (*header_of(block) & PREVIOUS_FREE) {
        size_t before = *header_of(block - HEADER);
        if (before < LEAST || before > block - heap->start || size_of(block - before) != before)
            heap_corrupt(pointer);
        block -= before;
        list_remove(heap, block);
        size += before;
    }
    if (block + size == heap->frontier) {
        heap->frontier = block;
        *header_of(block) = 0;
        return;
    }
    if (*header_of(block + size) & FREE) {
        uintptr_t behind = block + size;
        list_remove(heap, behind);
        size += size_of(behind);
    }
    list_insert(heap, block, size);
}

size_t heap_block_size(const void *block)
{
    return size_of((uintptr_t)block - HEADER) - HEADER;
}

/* Grows BLOCK in place to at least SIZE, into the free memory behind it; false: there is not enough. */
static bool block_grow(struct heap *heap, uintptr_t block, size_t size)
{
    size_t whole = size_of(block);
    uintptr_t behind = block + whole;

    if (behind == heap->frontier) {
        if (!frontier_take(heap, size - whole))
            return false;
        *header_of(block) += size - whole;
        return true;
    }
    if (!(*header_of(behind) & FREE) || whole + size_of(behind) < size)
        return false;
    list_remove(heap, behind);
    *header_of(block) += size_of(behind);
    block_trim(heap, block, size);
    return true;
}

void *heap_resize(struct heap *heap, void *pointer, size_t size)
{
    uintptr_t block = (uintptr_t)pointer - HEADER;
    size_t needed = block_size(heap, size);
    void *moved;

    if (!pointer)
        return heap_allocate(heap, size);
    if (!block_plausible(heap, block))
        heap_corrupt(pointer);
    if (needed == 0)
        return NULL;
    if (needed <= size_of(block)) {
        block_trim(heap, block, needed);
        return pointer;
    }
    if (block_grow(heap, block, needed))
        return pointer;
    moved = heap_allocate(heap, size);
    if (moved) {
        memcpy(moved, pointer, heap_block_size(pointer));
        heap_release(heap, pointer);
    }
    return moved;
}
