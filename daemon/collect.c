/* collect.c: see collect.h. */
#define _GNU_SOURCE
#include "collect.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "host/loop.h"
#include "image.h"
#include "policies.h"
#include "store.h"

#define COLLECT_MOST 64 /* images in one look; the rest in the next */

struct unused {
    struct daemon *daemon;
    size_t count;
    uint8_t digests[COLLECT_MOST][STORE_DIGEST_SIZE];
};

static bool is_reserved(const struct daemon *daemon, const uint8_t *digest)
{
    for (const struct policy_reservation *r = daemon->reservations; r != NULL; r = r->next)
        if (memcmp(r->digest, digest, STORE_DIGEST_SIZE) == 0)
            return true;
    return false;
}

static int note(void *context, const struct store_image *row)
{
    struct unused *unused = context;
    if (unused->count < COLLECT_MOST && !is_reserved(unused->daemon, row->digest))
        memcpy(unused->digests[unused->count++], row->digest, STORE_DIGEST_SIZE);
    return 0;
}

static void collect(void *context)
{
    struct daemon *daemon = context;
    struct unused unused = {.daemon = daemon};
    struct error err = {0};
    daemon->collect_timer = NULL;
    int result = store_unused_images(daemon->store, note, &unused, &err);
    for (size_t i = 0; result == 0 && i < unused.count; i++) {
        char hex[65];
        image_hex(unused.digests[i], hex);
        /* The row first: a file without a row is only space, a row without a file is a promise broken. */
        result = store_image_delete(daemon->store, unused.digests[i], &err);
        if (result == 0)
            result = image_remove(daemon->image_dir, unused.digests[i], &err);
        if (result == 0)
            log_info("image %.12s is used no longer and removed", hex);
    }
    if (result < 0)
        log_failure(&err);
    else if (unused.count == COLLECT_MOST)
        collect_later(daemon);
}

void collect_later(struct daemon *daemon)
{
    if (daemon->collect_timer == NULL && !daemon->ending)
        daemon->collect_timer = loop_after(daemon->loop, COLLECT_DELAY_NS, collect, daemon, NULL);
}

int collect_check_unused(struct daemon *daemon, const uint8_t *digest, struct error *err)
{
    char name[256];
    if (is_reserved(daemon, digest))
        return error_set(err, EBUSY, "remove image", NULL, "a deployment that is under way uses it");
    int result = store_release_of(daemon->store, digest, name, err);
    if (result <= 0)
        return result;
    error_set(err, EBUSY, "remove image", NULL, "a release of unikernel %s uses it", name);
    error_hint(err, "bivy history %s; it goes with the %d-th release after it, or with the unikernel", name,
               STORE_RELEASES_MAX);
    return -EBUSY;
}

/* 64 small hexadecimal digits: a file that is nothing else is none of ours. */
static bool read_name(const char *name, uint8_t digest[static STORE_DIGEST_SIZE])
{
    if (strlen(name) != 64 || strspn(name, "0123456789abcdef") != 64)
        return false;
    for (size_t i = 0; i < STORE_DIGEST_SIZE; i++) {
        char byte[3] = {name[2 * i], name[2 * i + 1], '\0'};
        digest[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return true;
}

static int found(void *context, const struct store_image *row)
{
    (void)row;
    *(bool *)context = true;
    return 0;
}

void collect_strays(struct daemon *daemon)
{
    cleanup_fd int fd = dup(daemon->image_dir);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    if (list == NULL)
        return;
    fd_take(&fd);
    rewinddir(list);
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;) {
        uint8_t digest[STORE_DIGEST_SIZE];
        struct error err = {0};
        bool known = false;
        if (!read_name(entry->d_name, digest))
            continue;
        int result = store_image_get(daemon->store, digest, found, &known, &err);
        if (known || result != -ENOENT)
            continue; /* a database that cannot be read is no reason to remove anything */
        log_info("image %.12s has a file and no row: removed", entry->d_name);
        image_remove(daemon->image_dir, digest, NULL);
    }
    closedir(list);
    collect_later(daemon);
}
