/* images.c: `bivy image ls` and `bivy image rm`: the daemon's store of images. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "daemon.h"
#include "host/error.h"
#include "image_words.h"
#include "output.h"
#include "unikernel.h"

struct image_values {
    int format;
    const char *run_directory;
};

static const struct option_row list_options[] = {
    OPTION_FORMAT(struct image_values, format),
    OPTION_RUN_DIRECTORY(struct image_values, run_directory),
    OPTION_END,
};

const struct command_usage image_ls_usage = {
    .example = "bivy image ls\nbivy image ls -o json\n",
    .options = list_options,
    .values_size = sizeof(struct image_values),
};

static const struct option_row remove_options[] = {
    OPTION_RUN_DIRECTORY(struct image_values, run_directory),
    OPTION_END,
};

const struct command_usage image_rm_usage = {
    .operands = "DIGEST...",
    .least = 1,
    .most = -1,
    .about = "A digest may be shortened to its first 6 digits or more. An image that a unikernel uses stays.",
    .example = "bivy image rm 3f2a90\n",
    .options = remove_options,
    .values_size = sizeof(struct image_values),
};

/* Texts as they are; of names, as a user types them. */
static json_t *texts_json(const struct wire_bytes_list *texts, bool names)
{
    json_t *all = json_array();
    for (size_t i = 0; i < texts->count; i++) {
        struct wire_bytes text = names ? unikernel_name(texts->items[i]) : texts->items[i];
        json_array_append_new(all, output_json_text(text.data, text.size));
    }
    return all;
}

static json_t *image_json(const struct wire_image_info *image)
{
    char digest[2 * 64 + 1];
    char when[32];
    json_t *json = json_object();
    json_t *devices = json_array();
    output_hex(digest, image->digest.data, image->digest.size);
    output_time(when, image->added);
    for (size_t i = 0; i < image->devices.count; i++) {
        const struct wire_image_device *device = &image->devices.items[i];
        json_t *one = json_object();
        output_json_set(one, "name", output_json_text(device->name.data, device->name.size));
        output_json_set(one, "type", json_string(image_device_type_name((uint32_t)device->type)));
        json_array_append_new(devices, one);
    }
    output_json_set(json, "digest", json_pack("s+", "sha256:", digest));
    output_json_set(json, "size_bytes", json_integer(image->size));
    output_json_set(json, "added", json_string(when));
    output_json_set(json, "target", json_string(image_target_name((uint32_t)image->target)));
    output_json_set(json, "min_memory_bytes", json_integer(image->min_memory));
    output_json_set(json, "devices", devices);
    output_json_set(json, "arguments", texts_json(&image->arguments, false));
    output_json_set(json, "used_by", texts_json(&image->used_by, true));
    return json;
}

static void print_json(const struct wire_image_info_list *images)
{
    json_t *all = json_array();
    for (size_t i = 0; i < images->count; i++)
        json_array_append_new(all, image_json(&images->items[i]));
    output_json(all);
}

static void print_text(const struct wire_image_info_list *images)
{
    static const char *const headings[] = {"DIGEST", "SIZE", "TARGET", "ADDED", "USED BY", NULL};
    struct output_table table;
    output_table_begin(&table, headings);
    for (size_t i = 0; i < images->count; i++) {
        const struct wire_image_info *image = &images->items[i];
        char digest[13];
        char size[24];
        char when[32];
        output_hex(digest, image->digest.data, image->digest.size < 6 ? image->digest.size : 6);
        output_size(size, (uint64_t)image->size);
        output_time(when, image->added);
        output_table_row(&table);
        output_table_cell(&table, TONE_STRONG, "%s", digest);
        output_table_cell(&table, TONE_PLAIN, "%s", size);
        output_table_cell(&table, TONE_PLAIN, "%s", image_target_name((uint32_t)image->target));
        output_table_cell(&table, TONE_PLAIN, "%.19sZ", when);
        struct wire_bytes name = {NULL, 0};
        if (image->used_by.count > 0)
            name = unikernel_name(image->used_by.items[0]);
        if (image->used_by.count == 1)
            output_table_cell(&table, TONE_PLAIN, "%.*s", (int)name.size, (const char *)name.data);
        else
            output_table_cell(&table, TONE_PLAIN, image->used_by.count == 0 ? "-" : "%zu unikernels",
                              image->used_by.count);
    }
    output_table_end(&table);
}

int image_ls_main(const struct command_call *call, struct error *err)
{
    const struct image_values *values = call->values;
    struct wire_arena arena = {.limit = 0};
    struct wire_image_info_list images;
    cleanup_client struct client *client = daemon_open(values->run_directory, err);
    if (client == NULL)
        return COMMAND_FAILED;
    int result = client_images(client, &arena, &images, err);
    if (result == 0)
        (values->format == FORMAT_JSON ? print_json : print_text)(&images);
    wire_arena_free(&arena);
    return result < 0 ? COMMAND_FAILED : COMMAND_DONE;
}

static int remove_image(struct client *client, const char *text, struct error *err)
{
    uint8_t digest[32];
    int result = daemon_find_image(client, text, digest, err);
    return result < 0 ? result : client_image_remove(client, digest, err);
}

int image_rm_main(const struct command_call *call, struct error *err)
{
    const struct image_values *values = call->values;
    return daemon_each(call, values->run_directory, remove_image, "removed", err);
}
