/* arena.c: where a decoded message keeps its arrays; see arena.h. */
#include "wire/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>

#define BLOCK_SIZE ((size_t)8192)

struct wire_arena_block {
    struct wire_arena_block *next;
    size_t free;     /* bytes left at the end */
    size_t capacity; /* bytes of data */
    alignas(max_align_t) unsigned char data[];
};

static int fail(int *result, int code)
{
    if (result != NULL)
        *result = -code;
    return 0;
}

/* A block of its own for what is large, so that a block is never left mostly empty. */
static struct wire_arena_block *block_add(struct wire_arena *arena, size_t size)
{
    size_t capacity = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;
    struct wire_arena_block *block = calloc(1, sizeof *block + capacity);
    if (block == NULL)
        return NULL;
    block->capacity = block->free = capacity;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *wire_arena_take(struct wire_arena *arena, size_t size, int *result)
{
    size_t limit = arena->limit != 0 ? arena->limit : WIRE_ARENA_LIMIT;
    size_t rounded;
    if (__builtin_add_overflow(size, alignof(max_align_t) - 1, &rounded))
        return fail(result, EMSGSIZE), NULL;
    rounded -= rounded % alignof(max_align_t);
    if (rounded > limit - arena->used)
        return fail(result, EMSGSIZE), NULL;
    struct wire_arena_block *block = arena->blocks;
    if (block == NULL || block->free < rounded)
        block = block_add(arena, rounded);
    if (block == NULL)
        return fail(result, ENOMEM), NULL;
    void *taken = block->data + (block->capacity - block->free);
    block->free -= rounded;
    arena->used += rounded;
    return taken;
}

void wire_arena_free(struct wire_arena *arena)
{
    while (arena->blocks != NULL) {
        struct wire_arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    arena->used = 0;
}
