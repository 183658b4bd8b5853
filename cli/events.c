/* events.c: `bivy events`: what happened to the unikernels, and what happens. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "daemon.h"
#include "host/error.h"
#include "output.h"
#include "unikernel.h"

/* How long a list without -f waits for the past's next event: they are all there when the stream begins. */
#define SETTLE_MS 100

struct events_values {
    bool follow;
    struct option_number after;
    int format;
    const char *run_directory;
};

static const struct option_row options[] = {
    {.name = "follow",
     .letter = 'f',
     .kind = OPTION_FLAG,
     .offset = offsetof(struct events_values, follow),
     .help = "go on as they happen, until interrupted"},
    {.name = "after",
     .kind = OPTION_NUMBER,
     .offset = offsetof(struct events_values, after),
     .argument = "ID",
     .help = "only events with a greater id"},
    OPTION_FORMAT(struct events_values, format),
    OPTION_RUN_DIRECTORY(struct events_values, run_directory),
    OPTION_END,
};

const struct command_usage events_usage = {
    .operands = "PATH",
    .least = 0,
    .most = 1,
    .about = "With -o json one object a line: {id, time, name, event, detail}.",
    .example = "bivy events\nbivy events -f -o json\n",
    .options = options,
    .values_size = sizeof(struct events_values),
};

static void print_event(const struct events_values *values, const struct wire_event *event)
{
    char when[32];
    struct wire_bytes name = unikernel_name(event->name);
    output_time(when, event->time);
    if (values->format == FORMAT_JSON) {
        json_t *json = json_object();
        output_json_set(json, "id", json_integer(event->id));
        output_json_set(json, "time", json_string(when));
        output_json_set(json, "name", output_json_text(name.data, name.size));
        output_json_set(json, "event", json_string(unikernel_event_name(event->kind)));
        output_json_set(json, "detail", output_json_text(event->detail.data, event->detail.size));
        json_dumpf(json, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(json);
        return;
    }
    char *text;
    size_t size;
    FILE *line = open_memstream(&text, &size);
    if (line == NULL)
        return;
    fprintf(line, "%s  %-9s  %.*s  %.*s", when, unikernel_event_name(event->kind), (int)name.size,
            (const char *)name.data, (int)event->detail.size, (const char *)event->detail.data);
    fclose(line);
    output_line(text, size);
    free(text);
}

static int read_events(const struct events_values *values, struct client *client, struct error *err)
{
    struct wire_arena arena = {.limit = 0};
    struct wire_wire message;
    int result;
    while ((result = client_next(client, values->follow ? -1 : SETTLE_MS, &arena, &message, err)) == 1) {
        const struct wire_payload *payload = &message.payload;
        if (payload->kind == WIRE_PAYLOAD_DATA && payload->u.data.kind == WIRE_DATA_BIVY &&
            payload->u.data.u.bivy.kind == WIRE_BIVY_DATA_EVENT)
            print_event(values, &payload->u.data.u.bivy.u.event);
        wire_arena_free(&arena);
        if (values->follow && (fflush(stdout) != 0 || ferror(stdout)))
            return 0;
    }
    wire_arena_free(&arena);
    return !values->follow && result == -ETIMEDOUT ? 0 : result;
}

int events_main(const struct command_call *call, struct error *err)
{
    const struct events_values *values = call->values;
    cleanup_client struct client *client = daemon_open(values->run_directory, err);
    if (client == NULL)
        return COMMAND_FAILED;
    int result = client_events(client, call->count > 0 ? call->operands[0] : ":", values->after.value, err);
    if (result == 0)
        result = read_events(values, client, err);
    if (result == 0)
        *err = (struct error){.code = 0};
    return result < 0 ? COMMAND_FAILED : COMMAND_DONE;
}
