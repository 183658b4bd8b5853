/* store_image.c: the images in the daemon's database; see store.h. */
#define _GNU_SOURCE
#include <errno.h>

#include "host/error.h"
#include "store.h"
#include "store_statement.h"

int store_image_put(struct store *store, const struct store_image *image, struct error *err)
{
    return store_do(store, SQL_IMAGE_PUT, err, "dbii", image->digest, image->info, image->info_size,
                    image->targets, (int64_t)image->kept);
}

int store_image_delete(struct store *store, const uint8_t *digest, struct error *err)
{
    return store_do(store, SQL_IMAGE_DELETE, err, "d", digest);
}

static int walk_images(struct store *store, sqlite3_stmt *row, size_t *count,
                       int (*function)(void *, const struct store_image *), void *context, struct error *err)
{
    int code, result = 0;
    if (row == NULL)
        return -EIO;
    while ((code = sqlite3_step(row)) == SQLITE_ROW && result == 0) {
        struct store_image image = {.digest = store_digest(row, 0),
                                    .info = sqlite3_column_blob(row, 1),
                                    .info_size = (size_t)sqlite3_column_bytes(row, 1),
                                    .targets = sqlite3_column_int64(row, 2),
                                    .kept = sqlite3_column_int(row, 3) != 0};
        ++*count;
        if (image.digest != NULL)
            result = function(context, &image);
    }
    int ended = store_end(store, row, code, err);
    return ended < 0 ? ended : result;
}

int store_images(struct store *store, int (*function)(void *, const struct store_image *), void *context,
                 struct error *err)
{
    size_t count = 0;
    return walk_images(store, store_query(store, SQL_IMAGES, err, ""), &count, function, context, err);
}

int store_unused_images(struct store *store, int (*function)(void *, const struct store_image *),
                        void *context, struct error *err)
{
    size_t count = 0;
    return walk_images(store, store_query(store, SQL_IMAGES_UNUSED, err, ""), &count, function, context, err);
}

int store_image_get(struct store *store, const uint8_t *digest,
                    int (*function)(void *, const struct store_image *), void *context, struct error *err)
{
    size_t count = 0;
    int result = walk_images(store, store_query(store, SQL_IMAGE_GET, err, "d", digest), &count, function,
                             context, err);
    if (result == 0 && count == 0)
        return error_set(err, ENOENT, "find image", NULL, "the store has no image of this digest");
    return result;
}
