/*
 * owned.h: a message of the protocol that outlives the frame it came in.
 *
 * It is kept as its DER, which the database stores as it is, and as the struct decoded from it. So
 * what runs and what is on disk cannot differ.
 */
#ifndef DAEMON_OWNED_H
#define DAEMON_OWNED_H

#include "host/buffer.h"
#include "wire/codec.h"

struct error;

struct owned {
    struct buffer der;
    struct wire_arena arena;
    void *value; /* points into the arena and der */
};

/* A copy of VALUE, a struct of TYPE and SIZE bytes; NULL and ERR after a failure. */
struct owned *owned_copy(const struct wire_type *type, const void *value, size_t size, struct error *err);

/* The same of DER; SIZE is of the struct. */
struct owned *owned_decode(const struct wire_type *type, const void *der, size_t der_size, size_t size,
                           struct error *err);

void owned_free(struct owned *owned);

#endif
