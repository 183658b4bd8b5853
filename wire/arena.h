/*
 * arena.h: where a decoded message keeps its arrays: freed as one, never more than a limit.
 *
 * A few bytes on the wire can ask for many in memory; the limit, not the peer, says how many.
 */
#ifndef WIRE_ARENA_H
#define WIRE_ARENA_H

#include <stddef.h>

/* The limit where the owner chose none: enough for a list of some ten thousand unikernels. */
#define WIRE_ARENA_LIMIT ((size_t)16 << 20)

struct wire_arena {
    size_t limit; /* bytes; 0: WIRE_ARENA_LIMIT */
    size_t used;
    struct wire_arena_block *blocks; /* owned */
};

/* SIZE zeroed bytes, aligned for any type, that live until wire_arena_free(); NULL over the limit (-EMSGSIZE
 * in *RESULT) or out of memory (-ENOMEM). RESULT may be NULL. */
void *wire_arena_take(struct wire_arena *arena, size_t size, int *result);

/* Frees everything that was taken; the arena may be used again. */
void wire_arena_free(struct wire_arena *arena);

#define cleanup_wire_arena __attribute__((cleanup(wire_arena_free)))

#endif
