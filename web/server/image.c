/* image.c: the operations on images in the daemon's store; see image.h. */
#include "image.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bivy/abi/manifest.h"
#include "bivy/abi/note.h"
#include "clock.h"
#include "daemon.h"
#include "text.h"
#include "unikernel.h"

static const char *target_name(int64_t target)
{
    static const char *const names[] = {
        [ABI_TARGET_HVT] = "hvt",   [ABI_TARGET_SPT] = "spt",       [ABI_TARGET_VIRTIO] = "virtio",
        [ABI_TARGET_MUEN] = "muen", [ABI_TARGET_GENODE] = "genode", [ABI_TARGET_XEN] = "xen"};
    return target > 0 && target < (int64_t)(sizeof names / sizeof names[0]) ? names[target] : "unknown";
}

static json_t *devices_json(const struct wire_image_device_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array,
                              json_pack("{s:o, s:s}", "name",
                                        text_json(list->items[i].name.data, list->items[i].name.size), "type",
                                        list->items[i].type == MFT_DEV_NET_BASIC ? "net" : "block"));
    return array;
}

static json_t *texts_json(const struct wire_bytes_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, text_json(list->items[i].data, list->items[i].size));
    return array;
}

static json_t *names_json(const struct wire_bytes_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, unikernel_name_json(list->items[i]));
    return array;
}

static json_t *image_json(const struct wire_image_info *image)
{
    char digest[2 * TOKEN_HASH_SIZE + 1] = "";
    char added[CLOCK_TEXT_SIZE];
    if (image->digest.size == TOKEN_HASH_SIZE)
        token_print(image->digest.data, TOKEN_HASH_SIZE, digest);
    clock_print(image->added, added);
    int64_t memory_mib = (image->min_memory >> 20) + ((image->min_memory & ((1 << 20) - 1)) != 0);
    return json_pack("{s:s, s:I, s:s, s:s, s:I, s:o, s:o, s:o}", "digest", digest, "size_bytes",
                     (json_int_t)image->size, "added", added, "target", target_name(image->target),
                     "min_memory_mib", (json_int_t)memory_mib, "devices", devices_json(&image->devices),
                     "arguments", texts_json(&image->arguments), "used_by", names_json(&image->used_by));
}

void image_list(struct server *server, struct request *request, struct response *response)
{
    (void)request;
    cleanup_daemon struct daemon daemon;
    struct wire_image_info_list all;
    if (!daemon_begin(&daemon, server, response) ||
        !daemon_check(&daemon, client_images(daemon.client, &daemon.arena, &all, &daemon.err), response))
        return;
    json_t *array = json_array();
    for (size_t i = 0; i < all.count; i++)
        json_array_append_new(array, image_json(&all.items[i]));
    response_json(response, 200, array);
}

/* The digest of the path; false and 404 for what cannot be one. */
static bool read_digest(struct request *request, uint8_t digest[static TOKEN_HASH_SIZE],
                        struct response *response)
{
    if (token_parse(request->parameters[0], digest, TOKEN_HASH_SIZE) == 0)
        return true;
    response_error(response, 404, "a digest has 64 hexadecimal digits", "find image: %.80s: not a digest",
                   request->parameters[0]);
    return false;
}

void image_get(struct server *server, struct request *request, struct response *response)
{
    uint8_t digest[TOKEN_HASH_SIZE];
    struct wire_image_info image;
    cleanup_daemon struct daemon daemon = {0};
    if (read_digest(request, digest, response) && daemon_begin(&daemon, server, response) &&
        daemon_check(&daemon, client_image(daemon.client, digest, &daemon.arena, &image, &daemon.err),
                     response))
        response_json(response, 200, image_json(&image));
}

void image_remove(struct server *server, struct request *request, struct response *response)
{
    uint8_t digest[TOKEN_HASH_SIZE];
    cleanup_daemon struct daemon daemon = {0};
    if (read_digest(request, digest, response) && daemon_begin(&daemon, server, response) &&
        daemon_check(&daemon, client_image_remove(daemon.client, digest, &daemon.err), response))
        response_empty(response, 204);
}

json_t *image_add(struct server *server, int fd, int64_t size, struct response *response)
{
    cleanup_daemon struct daemon daemon;
    struct wire_image_info image;
    struct client_upload upload = {.fd = fd, .size = (uint64_t)size};
    if (lseek(fd, 0, SEEK_SET) < 0) {
        response_error(response, 500, "", "add image: %s", strerror(errno));
        return NULL;
    }
    if (!daemon_begin(&daemon, server, response) ||
        !daemon_check(&daemon,
                      client_image_add(daemon.client, &upload, NULL, &daemon.arena, &image, &daemon.err),
                      response))
        return NULL;
    json_t *json = image_json(&image);
    if (json == NULL)
        response_error(response, 500, "", "add image: out of memory");
    return json;
}
