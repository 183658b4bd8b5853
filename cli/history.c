/* history.c: `bivy history`: the releases of a unikernel. */
#define _GNU_SOURCE
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "daemon.h"
#include "output.h"

struct history_values {
    int format;
    const char *run_directory;
};

static const struct option_row options[] = {
    OPTION_FORMAT(struct history_values, format),
    OPTION_RUN_DIRECTORY(struct history_values, run_directory),
    OPTION_END,
};

const struct command_usage history_usage = {
    .operands = "NAME",
    .least = 1,
    .most = 1,
    .completion = COMPLETE_NAME,
    .about = "The youngest first. With -o json: [{release, result, current, digest, created, author, detail, "
             "memory_mib, arguments}].",
    .example = "bivy history web\nbivy history -o json web\n",
    .options = options,
    .values_size = sizeof(struct history_values),
};

static const char *result_name(int64_t result)
{
    static const char *const names[] = {"trial", "good", "failed"};
    return result >= 0 && result < 3 ? names[result] : "unknown";
}

static enum output_tone result_tone(int64_t result)
{
    static const enum output_tone tones[] = {TONE_WARNING, TONE_GOOD, TONE_BAD};
    return result >= 0 && result < 3 ? tones[result] : TONE_PLAIN;
}

/* "uid 1000" as the name of that user, where there is one. */
static void author_print(struct wire_bytes author, char text[static 64])
{
    unsigned uid;
    snprintf(text, 64, "%.*s", author.size < 63 ? (int)author.size : 63, (const char *)author.data);
    const struct passwd *user = sscanf(text, "uid %u", &uid) == 1 ? getpwuid(uid) : NULL;
    if (user != NULL)
        snprintf(text, 64, "%s", user->pw_name);
}

static json_t *release_json(const struct wire_release *release)
{
    char hex[65];
    char when[32];
    char author[64];
    json_t *json = json_object();
    json_t *arguments = json_array();
    output_hex(hex, release->digest.data, release->digest.size < 32 ? release->digest.size : 32);
    output_time(when, release->created);
    author_print(release->author, author);
    for (size_t i = 0; i < release->arguments.count; i++)
        json_array_append_new(
            arguments, output_json_text(release->arguments.items[i].data, release->arguments.items[i].size));
    output_json_set(json, "release", json_integer(release->number));
    output_json_set(json, "result", json_string(result_name(release->result)));
    output_json_set(json, "current", json_boolean(release->current));
    output_json_set(json, "digest", json_pack("s+", "sha256:", hex));
    output_json_set(json, "created", json_string(when));
    output_json_set(json, "author", json_string(author));
    output_json_set(json, "detail", output_json_text(release->detail.data, release->detail.size));
    output_json_set(json, "memory_mib", json_integer(release->memory));
    output_json_set(json, "arguments", arguments);
    return json;
}

static void print_row(struct output_table *table, const struct wire_release *release)
{
    char hex[13];
    char when[32];
    char author[64];
    output_hex(hex, release->digest.data, release->digest.size < 6 ? release->digest.size : 6);
    output_time(when, release->created);
    author_print(release->author, author);
    output_table_row(table);
    output_table_cell(table, release->current ? TONE_STRONG : TONE_PLAIN, "%lld%s",
                      (long long)release->number, release->current ? " *" : "");
    output_table_cell(table, result_tone(release->result), "%s", result_name(release->result));
    output_table_cell(table, TONE_PLAIN, "%s", hex);
    output_table_cell(table, TONE_PLAIN, "%lld MiB", (long long)release->memory);
    output_table_cell(table, TONE_PLAIN, "%s", when);
    output_table_cell(table, TONE_PLAIN, "%s", author);
    output_table_cell(table, TONE_FAINT, "%.*s", (int)release->detail.size,
                      (const char *)release->detail.data);
}

static void print_releases(int format, const struct wire_release_list *releases)
{
    static const char *const headings[] = {"RELEASE", "RESULT", "IMAGE", "MEMORY",
                                           "CREATED", "BY",     "WHAT",  NULL};
    struct output_table table;
    if (format == FORMAT_JSON) {
        json_t *all = json_array();
        for (size_t i = 0; i < releases->count; i++)
            json_array_append_new(all, release_json(&releases->items[i]));
        output_json(all);
        return;
    }
    output_table_begin(&table, headings);
    for (size_t i = 0; i < releases->count; i++)
        print_row(&table, &releases->items[i]);
    output_table_end(&table);
}

int history_main(const struct command_call *call, struct error *err)
{
    const struct history_values *values = call->values;
    cleanup_wire_arena struct wire_arena arena = {.limit = 0};
    struct wire_release_list releases;
    cleanup_client struct client *client = daemon_open(values->run_directory, err);
    if (client == NULL || client_history(client, call->operands[0], &arena, &releases, err) < 0)
        return COMMAND_FAILED;
    print_releases(values->format, &releases);
    return COMMAND_DONE;
}
