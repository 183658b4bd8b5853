/* inspect.c: `bivy inspect`: what an image is, what it asks for, and what it is made of. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/image_file.h"
#include "image_words.h"
#include "inspect_calls.h"
#include "output.h"

#define LICENSES_MAX 65536u /* bytes of the licence text that are shown */

struct inspect_values {
    int format;
    bool licenses, syscalls;
};

static const struct option_row options[] = {
    OPTION_FORMAT(struct inspect_values, format),
    {.name = "licenses",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct inspect_values, licenses),
     .help = "only the components and their licences"},
    {.name = "syscalls",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct inspect_values, syscalls),
     .help = "only the system calls that it answers, and which of them only fail"},
    OPTION_END,
};

const struct command_usage inspect_usage = {
    .operands = "IMAGE",
    .least = 1,
    .most = 1,
    .completion = COMPLETE_FILE,
    .example = "bivy inspect web.uk\nbivy inspect --licenses web.uk\nbivy inspect -o json web.uk\n",
    .options = options,
    .values_size = sizeof(struct inspect_values),
};

/* All that is shown of one file. */
struct inspection {
    const char *path;
    uint64_t size_bytes;
    char digest[2 * SHA256_DIGEST_SIZE + 1];
    struct image image;
    char licenses[LICENSES_MAX];
};

static int hash_file(int fd, struct inspection *it, struct error *err)
{
    static uint8_t block[65536];
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx hash;
    ssize_t n;
    sha256_init(&hash);
    while ((n = fd_read_all(fd, block, sizeof block)) > 0) {
        sha256_update(&hash, (size_t)n, block);
        it->size_bytes += (size_t)n;
    }
    if (n < 0)
        return error_set(err, (int)-n, "read image", it->path, NULL);
    sha256_digest(&hash, sizeof digest, digest);
    output_hex(it->digest, digest, sizeof digest);
    return 0;
}

static int look(struct inspection *it, struct error *err)
{
    cleanup_fd int fd = open(it->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, errno, "open image", it->path, NULL);
    int result = image_file_read(fd, it->path, &it->image, err);
    if (result == 0)
        result = hash_file(fd, it, err);
    if (result == 0) {
        ssize_t size = image_file_licenses(fd, it->path, &it->image, it->licenses, sizeof it->licenses, err);
        result = size < 0 ? (int)size : 0;
    }
    return result;
}

static json_t *targets_json(const struct image *image)
{
    json_t *all = json_array();
    for (uint32_t target = 1; target < IMAGE_MAX_TARGETS; target++)
        if (image->targets & (1u << target))
            json_array_append_new(all, json_string(image_target_name(target)));
    return all;
}

static json_t *devices_json(const struct image *image)
{
    json_t *all = json_array();
    for (uint32_t i = 1; i < image->manifest.entries; i++) {
        json_t *one = json_object();
        output_json_set(one, "name", json_string(image->manifest.e[i].name));
        output_json_set(one, "type", json_string(image_device_type_name(image->manifest.e[i].type)));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *segments_json(const struct image *image)
{
    json_t *all = json_array();
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        json_t *one = json_object();
        char flags[4];
        image_flags_print(segment->flags, flags);
        output_json_set(one, "address", json_integer((json_int_t)segment->address));
        output_json_set(one, "file_bytes", json_integer((json_int_t)segment->file_size));
        output_json_set(one, "memory_bytes", json_integer((json_int_t)segment->memory_size));
        output_json_set(one, "flags", json_string(flags));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *arguments_json(const struct image *image)
{
    json_t *all = json_array();
    const char *words = image->bivy.arguments;
    for (size_t at = 0; at < image->bivy.arguments_size; at += strlen(words + at) + 1)
        json_array_append_new(all, output_json_text(words + at, strlen(words + at)));
    return all;
}

/* The text's lines, "COMPONENT SPDX-ID", as objects. */
static json_t *licenses_json(const char *text)
{
    json_t *all = json_array();
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        size_t name = 0;
        while (name < size && text[name] != ' ')
            name++;
        if (size > 0) {
            json_t *one = json_object();
            output_json_set(one, "component", output_json_text(text, name));
            output_json_set(one, "license",
                            output_json_text(text + name + (name < size), size - name - (name < size)));
            json_array_append_new(all, one);
        }
        text += size + (text[size] == '\n');
    }
    return all;
}

static void print_json(const struct inspection *it)
{
    json_t *json = json_object();
    output_json_set(json, "digest", json_pack("s+", "sha256:", it->digest));
    output_json_set(json, "size_bytes", json_integer((json_int_t)it->size_bytes));
    output_json_set(json, "targets", targets_json(&it->image));
    output_json_set(json, "devices", devices_json(&it->image));
    output_json_set(json, "segments", segments_json(&it->image));
    output_json_set(json, "min_memory_bytes", json_integer((json_int_t)image_min_memory(&it->image)));
    output_json_set(json, "arguments", arguments_json(&it->image));
    output_json_set(json, "licenses", licenses_json(it->licenses));
    output_json(json);
}

static void print_targets(const struct image *image)
{
    char text[128] = "";
    size_t used = 0;
    for (uint32_t target = 1; target < IMAGE_MAX_TARGETS; target++)
        if (image->targets & (1u << target))
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s%s (version %u)", used > 0 ? ", " : "",
                                 image_target_name(target), image->target_version[target]);
    output_field("targets", "%s", text);
}

static void print_segments(const struct image *image)
{
    static const char *const headings[] = {"SEGMENT", "FLAGS", "IN FILE", "IN MEMORY", NULL};
    struct output_table table;
    char flags[4];
    char in_file[24];
    char in_memory[24];
    output_table_begin(&table, headings);
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        image_flags_print(segment->flags, flags);
        output_size(in_file, segment->file_size);
        output_size(in_memory, segment->memory_size);
        output_table_row(&table);
        output_table_cell(&table, TONE_PLAIN, "0x%llx", (unsigned long long)segment->address);
        output_table_cell(&table, TONE_PLAIN, "%s", flags);
        output_table_cell(&table, TONE_PLAIN, "%s", in_file);
        output_table_cell(&table, TONE_PLAIN, "%s", in_memory);
    }
    printf("\n");
    output_table_end(&table);
}

static void print_text(const struct inspection *it)
{
    const struct image *image = &it->image;
    char size[24];
    output_size(size, it->size_bytes);
    output_field("image", "%s", it->path);
    output_field("digest", "sha256:%s", it->digest);
    output_field("size", "%s (%llu bytes)", size, (unsigned long long)it->size_bytes);
    print_targets(image);
    output_size(size, image_min_memory(image));
    output_field("memory", "at least %s", size);
    for (uint32_t i = 1; i < image->manifest.entries; i++)
        output_field(i == 1 ? "devices" : "", "%s (%s)", image->manifest.e[i].name,
                     image_device_type_name(image->manifest.e[i].type));
    const char *words = image->bivy.arguments;
    for (size_t at = 0; at < image->bivy.arguments_size; at += strlen(words + at) + 1)
        output_field(at == 0 ? "arguments" : "", "%s", words + at);
    print_segments(image);
}

int inspect_main(const struct command_call *call, struct error *err)
{
    const struct inspect_values *values = call->values;
    struct inspection *it = calloc(1, sizeof *it);
    if (it == NULL)
        return error_set(err, ENOMEM, "inspect", call->operands[0], NULL), COMMAND_FAILED;
    it->path = call->operands[0];
    int result = look(it, err);
    if (result == 0 && values->format == FORMAT_JSON)
        print_json(it);
    else if (result == 0 && values->syscalls)
        result = inspect_calls_print(it->path, err);
    else if (result == 0 && values->licenses)
        fputs(it->licenses, stdout);
    else if (result == 0)
        print_text(it);
    free(it);
    return result < 0 ? COMMAND_FAILED : COMMAND_DONE;
}
