/* owned.c: messages that are kept; see owned.h. */
#define _GNU_SOURCE
#include "owned.h"

#include <errno.h>
#include <stdlib.h>

#include "host/error.h"

static int owned_open(struct owned *owned, const struct wire_type *type, size_t size, struct error *err)
{
    int result;
    owned->value = wire_arena_take(&owned->arena, size, &result);
    if (owned->value == NULL)
        return error_set(err, -result, "keep message", NULL, NULL);
    return wire_decode(type, owned->der.data, owned->der.size, &owned->arena, owned->value, err);
}

static struct owned *owned_finish(struct owned *owned, int result)
{
    if (result == 0)
        return owned;
    owned_free(owned);
    return NULL;
}

struct owned *owned_copy(const struct wire_type *type, const void *value, size_t size, struct error *err)
{
    struct owned *owned = calloc(1, sizeof *owned);
    if (owned == NULL) {
        error_set(err, ENOMEM, "keep message", NULL, NULL);
        return NULL;
    }
    int result = wire_encode(type, value, &owned->der, err);
    return owned_finish(owned, result == 0 ? owned_open(owned, type, size, err) : result);
}

struct owned *owned_decode(const struct wire_type *type, const void *der, size_t der_size, size_t size,
                           struct error *err)
{
    struct owned *owned = calloc(1, sizeof *owned);
    if (owned == NULL) {
        error_set(err, ENOMEM, "keep message", NULL, NULL);
        return NULL;
    }
    int result = buffer_append(&owned->der, der, der_size);
    if (result < 0)
        error_set(err, -result, "keep message", NULL, NULL);
    return owned_finish(owned, result == 0 ? owned_open(owned, type, size, err) : result);
}

void owned_free(struct owned *owned)
{
    if (owned == NULL)
        return;
    wire_arena_free(&owned->arena);
    buffer_free(&owned->der);
    free(owned);
}
