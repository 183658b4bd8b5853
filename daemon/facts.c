/* facts.c: see facts.h. */
#define _GNU_SOURCE
#include "facts.h"

#include <errno.h>
#include <string.h>

#include "bivy/abi/note.h"
#include "daemon.h"
#include "host/error.h"
#include "scope.h"
#include "store.h"
#include "unikernel.h"

#define FACTS_MEMORY_MAX (INT64_C(1) << 60) /* bytes */

static size_t split_arguments(const struct check_reply *reply, struct wire_bytes *items, size_t limit)
{
    size_t count = 0;
    for (uint32_t at = 0; at < reply->arguments_size && count < limit;) {
        items[count] = wire_text(reply->arguments + at);
        at += (uint32_t)items[count].size + 1;
        if (items[count].size > 0)
            count++;
    }
    return count;
}

/* No host has that much: what an image claims beyond it stays out of reach instead of becoming small. */
static int64_t bounded(uint64_t bytes)
{
    return bytes > (uint64_t)FACTS_MEMORY_MAX ? FACTS_MEMORY_MAX : (int64_t)bytes;
}

/* What an image for several tenders runs as when nothing else is asked: a process, which every host can run.
 */
static int64_t usual_target(const struct check_reply *reply)
{
    return reply->targets & (1u << ABI_TARGET_SPT) ? ABI_TARGET_SPT : (int64_t)reply->target;
}

struct owned *facts_of_check(const struct check_reply *reply, const uint8_t *digest, uint64_t size,
                             struct error *err)
{
    struct wire_image_device devices[MFT_MAX_ENTRIES];
    struct wire_bytes arguments[256];
    struct wire_image_info info = {.digest = {digest, STORE_DIGEST_SIZE},
                                   .size = (int64_t)size,
                                   .added = daemon_now_ms(),
                                   .target = usual_target(reply),
                                   .min_memory = bounded(reply->min_memory)};
    for (uint32_t i = 0; i < reply->devices; i++)
        devices[i] = (struct wire_image_device){.name = wire_text(reply->device[i].name),
                                                .type = reply->device[i].type};
    info.devices.count = reply->devices;
    info.devices.items = devices;
    info.arguments.count = split_arguments(reply, arguments, sizeof arguments / sizeof *arguments);
    info.arguments.items = arguments;
    return owned_copy(&wire_type_image_info, &info, sizeof info, err);
}

struct found {
    struct owned *owned;
    int64_t targets;
    struct error *err;
};

static int take_row(void *context, const struct store_image *row)
{
    struct found *found = context;
    found->owned = owned_decode(&wire_type_image_info, row->info, row->info_size,
                                sizeof(struct wire_image_info), found->err);
    found->targets = row->targets;
    return 0;
}

struct owned *facts_find(struct daemon *daemon, struct wire_bytes digest, int64_t *targets, struct error *err)
{
    struct found found = {.err = err};
    if (digest.size != STORE_DIGEST_SIZE) {
        error_set(err, EINVAL, "image", NULL, "a digest has %u bytes", STORE_DIGEST_SIZE);
        return NULL;
    }
    store_image_get(daemon->store, digest.data, take_row, &found, err);
    *targets = found.targets;
    return found.owned;
}

int facts_users(const struct daemon *daemon, const char *query, struct wire_bytes digest,
                struct wire_arena *arena, struct wire_image_info *info)
{
    size_t count = 0;
    info->used_by.items = wire_arena_take(arena, daemon->unikernel_count * sizeof(struct wire_bytes), NULL);
    if (info->used_by.items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < daemon->unikernel_count; i++) {
        const struct unikernel *unikernel = daemon->unikernels[i];
        if (memcmp(unikernel->digest, digest.data, STORE_DIGEST_SIZE) != 0 ||
            !scope_matches(query, unikernel->name))
            continue;
        info->used_by.items[count++] = wire_text(unikernel->name);
    }
    info->used_by.count = count;
    return 0;
}
