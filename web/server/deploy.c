/* deploy.c: a deployment in JSON becomes the daemon's message; see deploy.h. */
#include "deploy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/error.h"
#include "token.h"
#include "wire/mac.h"

struct reader {
    const json_t *json;
    struct wire_deploy *deploy;
    struct wire_arena *arena;
    struct error *err;
    int result; /* of the last list */
};

static struct wire_bytes text_bytes(const json_t *text)
{
    return (struct wire_bytes){(const uint8_t *)json_string_value(text), json_string_length(text)};
}

/* SIZE zeroed bytes, or NULL with the reader's error. */
static void *take(struct reader *reader, size_t size)
{
    void *bytes = wire_arena_take(reader->arena, size, NULL);
    if (bytes == NULL)
        error_set(reader->err, ENOMEM, "read deployment", NULL, NULL);
    return bytes;
}

/* Reads one item of an array into ITEM, which is zeroed; 0 or -errno. */
typedef int read_item(struct reader *reader, const json_t *json, void *item);

/* All of ARRAY, which may be missing: *COUNT items of SIZE bytes, or NULL: none, or reader->result says why.
 */
static void *read_list(struct reader *reader, const json_t *array, read_item *read, size_t size,
                       size_t *count)
{
    size_t length = json_array_size(array);
    uint8_t *items = length > 0 ? take(reader, length * size) : NULL;
    reader->result = items == NULL && length > 0 ? -ENOMEM : 0;
    for (size_t i = 0; i < length && reader->result == 0; i++)
        reader->result = read(reader, json_array_get(array, i), items + i * size);
    *count = reader->result == 0 ? length : 0;
    return items;
}

static int read_integer(struct reader *reader, const json_t *json, void *item)
{
    (void)reader;
    *(int64_t *)item = json_integer_value(json);
    return 0;
}

static int read_integers(struct reader *reader, const json_t *array, struct wire_integer_list *list)
{
    list->items = read_list(reader, array, read_integer, sizeof list->items[0], &list->count);
    return reader->result;
}

static int read_restart(struct reader *reader)
{
    const json_t *value = json_object_get(reader->json, "restart");
    struct wire_restart *restart = &reader->deploy->restart;
    const char *text = json_string_value(value);
    if (json_is_array(value)) {
        restart->kind = WIRE_RESTART_CODES;
        return read_integers(reader, value, &restart->u.codes);
    }
    restart->kind = WIRE_RESTART_NEVER;
    if (text != NULL && strcmp(text, "always") == 0)
        restart->kind = WIRE_RESTART_ALWAYS;
    if (text != NULL && strcmp(text, "on-failure") == 0)
        restart->kind = WIRE_RESTART_ON_FAILURE;
    return 0;
}

static int read_cpus(struct reader *reader)
{
    return read_integers(reader, json_object_get(reader->json, "cpus"), &reader->deploy->cpuids);
}

static int read_argument(struct reader *reader, const json_t *json, void *item)
{
    (void)reader;
    *(struct wire_bytes *)item = text_bytes(json);
    return 0;
}

static int read_arguments(struct reader *reader)
{
    struct wire_bytes_list *list = &reader->deploy->arguments;
    list->items = read_list(reader, json_object_get(reader->json, "arguments"), read_argument,
                            sizeof list->items[0], &list->count);
    return reader->result;
}

/* aa:bb:cc:dd:ee:ff */
static int read_mac(struct reader *reader, const json_t *value, struct wire_bytes *mac)
{
    char digits[2 * MAC_SIZE + 1] = "";
    const char *text = json_string_value(value);
    uint8_t *bytes = take(reader, MAC_SIZE);
    if (bytes == NULL)
        return -ENOMEM;
    bool good = true;
    for (size_t i = 0; i < MAC_SIZE && good; i++) {
        memcpy(digits + 2 * i, text + 3 * i, 2);
        good = i + 1 == MAC_SIZE || text[3 * i + 2] == ':';
    }
    if (!good || token_parse(digits, bytes, MAC_SIZE) < 0)
        return error_set(reader->err, EINVAL, "check request", "mac", "must look like aa:bb:cc:dd:ee:ff");
    *mac = (struct wire_bytes){bytes, MAC_SIZE};
    return 0;
}

static int read_network(struct reader *reader, const json_t *json, void *item)
{
    struct wire_deploy_net *net = item;
    const json_t *mac = json_object_get(json, "mac");
    const json_t *ipv4 = json_object_get(json, "ipv4");
    net->device = text_bytes(json_object_get(json, "device"));
    net->network = text_bytes(json_object_get(json, "network"));
    net->has_ipv4 = json_string_length(ipv4) > 0;
    if (net->has_ipv4)
        net->ipv4 = text_bytes(ipv4);
    net->has_mac = mac != NULL;
    return mac != NULL ? read_mac(reader, mac, &net->mac) : 0;
}

static int read_networks(struct reader *reader)
{
    struct wire_deploy_net_list *list = &reader->deploy->networks;
    list->items = read_list(reader, json_object_get(reader->json, "networks"), read_network,
                            sizeof list->items[0], &list->count);
    return reader->result;
}

static int read_block(struct reader *reader, const json_t *json, void *item)
{
    (void)reader;
    struct wire_block *block = item;
    const json_t *volume = json_object_get(json, "volume");
    const json_t *sector = json_object_get(json, "sector_size_bytes");
    block->name = text_bytes(json_object_get(json, "device"));
    block->has_host_device = volume != NULL;
    block->host_device = volume != NULL ? text_bytes(volume) : (struct wire_bytes){0};
    block->has_sector_size = sector != NULL;
    block->sector_size = json_integer_value(sector);
    return 0;
}

static int read_blocks(struct reader *reader)
{
    struct wire_block_list *list = &reader->deploy->blocks;
    list->items = read_list(reader, json_object_get(reader->json, "blocks"), read_block,
                            sizeof list->items[0], &list->count);
    return reader->result;
}

static struct wire_bytes optional_text(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    return value != NULL ? text_bytes(value) : wire_text("");
}

static int read_port(struct reader *reader, const json_t *json, void *item)
{
    (void)reader;
    const char *protocol = json_string_value(json_object_get(json, "protocol"));
    *(struct wire_deploy_port *)item = (struct wire_deploy_port){
        .device = optional_text(json, "device"),
        .address = optional_text(json, "address"),
        .host = json_integer_value(json_object_get(json, "host")),
        .guest = json_integer_value(json_object_get(json, "guest")),
        .udp = protocol != NULL && strcmp(protocol, "udp") == 0,
    };
    return 0;
}

static int read_ports(struct reader *reader)
{
    struct wire_deploy_port_list *list = &reader->deploy->ports;
    list->items = read_list(reader, json_object_get(reader->json, "ports"), read_port, sizeof list->items[0],
                            &list->count);
    return reader->result;
}

static int read_tender(struct reader *reader)
{
    static const char *const names[] = {
        [WIRE_TENDER_ANY] = "any", [WIRE_TENDER_PROCESS] = "process", [WIRE_TENDER_VM] = "vm"};
    const char *text = json_string_value(json_object_get(reader->json, "tender"));
    for (int i = 0; text != NULL && i < 3; i++)
        if (strcmp(names[i], text) == 0)
            reader->deploy->tender = i;
    return 0;
}

static int read_image(struct reader *reader, uint8_t digest[static TOKEN_HASH_SIZE])
{
    const char *text = json_string_value(json_object_get(reader->json, "image"));
    if (token_parse(text, digest, TOKEN_HASH_SIZE) < 0)
        return error_set(reader->err, EINVAL, "check request", "image",
                         "must be a SHA-256 in hexadecimal digits");
    reader->deploy->image.kind = WIRE_DEPLOY_IMAGE_DIGEST;
    reader->deploy->image.u.digest = (struct wire_bytes){digest, TOKEN_HASH_SIZE};
    return 0;
}

int deploy_read(struct deploy *deploy, const json_t *json, struct error *err)
{
    static int (*const steps[])(struct reader * reader) = {
        read_tender, read_restart, read_cpus, read_networks, read_blocks, read_ports, read_arguments};
    const json_t *startup = json_object_get(json, "startup");
    *deploy = (struct deploy){0};
    struct wire_deploy *message = &deploy->message;
    struct reader reader = {json, message, &deploy->arena, err, 0};
    message->memory = json_integer_value(json_object_get(json, "memory_mib"));
    message->force = json_is_true(json_object_get(json, "force"));
    message->has_startup = startup != NULL;
    message->startup = json_integer_value(startup);
    int result = read_image(&reader, deploy->digest);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && result == 0; i++)
        result = steps[i](&reader);
    return result;
}

void deploy_free(struct deploy *deploy)
{
    wire_arena_free(&deploy->arena);
}
