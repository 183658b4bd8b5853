/* image_named.c: see image_named.h. */
#include "image_named.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "daemon.h"
#include "host/error.h"
#include "host/image_file.h"

static int look_at_file(const char *path, struct image_named *source, struct error *err)
{
    struct image image;
    int result = image_file_read(source->fd, path, &image, err);
    if (result == 0)
        result = client_file_size(source->fd, path, &source->size, err);
    if (result < 0)
        return result;
    source->min_memory = image_min_memory(&image);
    source->takes_name = image_accepts_argument(&image, "--name");
    return 0;
}

static int look_in_store(struct client *client, const char *text, struct image_named *source,
                         struct error *err)
{
    struct wire_arena arena = {.limit = 0};
    struct wire_image_info image;
    int result = daemon_find_image(client, text, source->digest, err);
    if (result == 0)
        result = client_image(client, source->digest, &arena, &image, err);
    if (result == 0) {
        source->min_memory = (uint64_t)image.min_memory;
        for (size_t i = 0; i < image.arguments.count; i++)
            source->takes_name = source->takes_name || wire_text_is(image.arguments.items[i], "--name");
    }
    wire_arena_free(&arena);
    return result;
}

int image_named_find(struct client *client, const char *text, struct image_named *source, struct error *err)
{
    source->fd = strncmp(text, "sha256:", 7) == 0 ? -1 : open(text, O_RDONLY | O_CLOEXEC);
    if (source->fd >= 0)
        return look_at_file(text, source, err);
    if (strpbrk(text, "/.") != NULL)
        return error_set(err, errno, "open image", text, NULL);
    return look_in_store(client, text, source, err);
}
