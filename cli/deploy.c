/*
 * deploy.c: `bivy deploy`: one unikernel from a file, or an image of the store, to where it answers.
 *
 * A file is read here first: what is no image is refused before a byte is sent, and what the image needs
 * (memory, its name) need not be said by hand.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "daemon.h"
#include "deploy_request.h"
#include "host/error.h"
#include "host/fd.h"
#include "image_named.h"
#include "output.h"
#include "unikernel.h"

#define MIB 1048576

static const char *const tenders[] = {"any", "process", "vm", NULL};

#define AT(member) offsetof(struct deploy_values, member)

static const struct option_row options[] = {
    {.name = "memory",
     .letter = 'm',
     .kind = OPTION_MEMORY,
     .offset = AT(memory),
     .argument = "MB",
     .help = "MiB, or with a unit: 64M, 2G; 32, or what the image needs if that is more"},
    {.name = "cpu",
     .letter = 'c',
     .kind = OPTION_LIST,
     .offset = AT(cpus),
     .argument = "ID",
     .help = "a processor that it may run on; any that the policy allows if none is given"},
    {.name = "net",
     .kind = OPTION_LIST,
     .offset = AT(nets),
     .argument = "DEV[=SPEC][,mac=M]",
     .help = "SPEC: user (the default), bridge:IF, or a network's name"},
    {.name = "block",
     .kind = OPTION_LIST,
     .offset = AT(blocks),
     .argument = "DEV=VOLUME",
     .help = "a volume as a block device"},
    {.name = "publish",
     .letter = 'p',
     .kind = OPTION_LIST,
     .offset = AT(ports),
     .argument = "PORT",
     .help = "[DEV@][ADDR:]HOST:GUEST[/udp]; host port 0: a free one"},
    {.name = "restart",
     .kind = OPTION_TEXT,
     .offset = AT(restart),
     .argument = "WHEN",
     .preset = "on-failure",
     .help = "never, always, on-failure, or exit statuses: 1,2,255"},
    {.name = "startup",
     .kind = OPTION_NUMBER,
     .offset = AT(startup),
     .argument = "N",
     .least = 0,
     .most = 1000000,
     .help = "place in the order of starting after a reboot; lower starts earlier"},
    {.name = "as",
     .kind = OPTION_CHOICE,
     .offset = AT(tender),
     .argument = "process|vm",
     .choices = tenders,
     .preset = "any",
     .help = "a sandboxed process or a virtual machine"},
    {.name = "check",
     .kind = OPTION_TEXT,
     .offset = AT(check),
     .argument = "HOW",
     .help = "ask it whether it works: tcp:PORT, or http:PORT/PATH for a status of 200 to 399"},
    {.name = "check-interval",
     .kind = OPTION_NUMBER,
     .offset = AT(check_interval),
     .argument = "MS",
     .least = 100,
     .most = 86400000,
     .help = "between two questions; 5000"},
    {.name = "check-timeout",
     .kind = OPTION_NUMBER,
     .offset = AT(check_timeout),
     .argument = "MS",
     .least = 1,
     .most = 86400000,
     .help = "for an answer; 2000"},
    {.name = "check-retries",
     .kind = OPTION_NUMBER,
     .offset = AT(check_retries),
     .argument = "N",
     .least = 1,
     .most = 1000,
     .help = "so many failures in a row make it failing; 3"},
    {.name = "force",
     .kind = OPTION_FLAG,
     .offset = AT(force),
     .help = "replace a unikernel of the same name"},
    {.name = "timing", .kind = OPTION_FLAG, .offset = AT(timing), .help = "print how long each part took"},
    OPTION_FORMAT(struct deploy_values, format),
    OPTION_RUN_DIRECTORY(struct deploy_values, run_directory),
    OPTION_END,
};

const struct command_usage deploy_usage = {
    .operands = "NAME IMAGE",
    .least = 2,
    .most = 2,
    .completion = COMPLETE_FILE,
    .tail = "ARGS...",
    .about =
        "IMAGE is a file, or an image of the store by its digest (\"sha256:HEX\" or the first digits of it).",
    .example =
        "bivy deploy web web.uk -p 8080:80\nbivy deploy tenant:api 3f2a90 --memory 64M --restart always\n",
    .options = options,
    .values_size = sizeof(struct deploy_values),
};

/* When what happened, in nanoseconds of CLOCK_MONOTONIC; 0: it did not. */
struct timing {
    bool wanted, on_terminal;
    int64_t began, accepted, sent, deployed;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static double span_ms(int64_t from, int64_t to)
{
    return (double)(to - from) / 1e6;
}

/* Told 0 bytes once the daemon has agreed, then of each chunk. */
static int note_progress(void *context, uint64_t sent_bytes, uint64_t total_bytes)
{
    struct timing *timing = context;
    if (sent_bytes == 0)
        timing->accepted = now_ns();
    if (sent_bytes == total_bytes)
        timing->sent = now_ns();
    if (timing->on_terminal)
        fprintf(stderr, "\rsending the image: %3u %%",
                total_bytes > 0 ? (unsigned)(sent_bytes * 100 / total_bytes) : 100);
    return 0;
}

static json_t *timing_json(const struct timing *timing)
{
    json_t *json = json_object();
    bool sent = timing->sent != 0;
    output_json_set(json, "accepted_ms",
                    sent ? json_real(span_ms(timing->began, timing->accepted)) : json_null());
    output_json_set(json, "sent_ns", sent ? json_integer(timing->sent) : json_null());
    output_json_set(json, "deployed_ms",
                    json_real(span_ms(sent ? timing->sent : timing->began, timing->deployed)));
    output_json_set(json, "total_ms", json_real(span_ms(timing->began, timing->deployed)));
    return json;
}

static void print_timing(const struct timing *timing)
{
    fprintf(stderr, "deployed in %.1f ms", span_ms(timing->began, timing->deployed));
    if (timing->sent != 0)
        fprintf(stderr, ": admitted %.1f ms, image sent %.1f ms, from its last byte to running %.1f ms",
                span_ms(timing->began, timing->accepted), span_ms(timing->accepted, timing->sent),
                span_ms(timing->sent, timing->deployed));
    fputc('\n', stderr);
}

static void print_deployed(const struct deploy_values *values, const struct wire_unikernel *unikernel,
                           const struct timing *timing)
{
    char port[80];
    if (values->format == FORMAT_JSON) {
        json_t *json = unikernel_json(unikernel);
        if (timing->wanted)
            output_json_set(json, "timing", timing_json(timing));
        output_json(json);
        return;
    }
    struct wire_bytes name = unikernel_name(unikernel->name);
    printf("%.*s: %s\n", (int)name.size, (const char *)name.data, unikernel_state_name(unikernel->state));
    for (size_t i = 0; i < unikernel->ports.count; i++) {
        unikernel_port_print(&unikernel->ports.items[i], port);
        printf("listening on %s\n", port);
    }
}

static int deploy(const struct command_call *call, struct client *client, struct image_named *source,
                  struct timing *timing, struct wire_arena *arena, struct error *err)
{
    const struct deploy_values *values = call->values;
    struct wire_deploy request = {.add_name = source->takes_name};
    struct wire_unikernel unikernel;
    struct client_upload upload = {
        .fd = source->fd, .size = source->size, .progress = note_progress, .context = timing};
    int result = deploy_request_fill(values, call->tail_count, call->tail, arena, &request, err);
    if (result < 0)
        return result;
    int64_t least = (int64_t)((source->min_memory + MIB - 1) / MIB);
    if (!values->memory.given && request.memory < least)
        request.memory = least;
    if (source->fd >= 0) {
        request.image.kind = WIRE_DEPLOY_IMAGE_UPLOAD;
        request.image.u.upload = (int64_t)source->size;
    } else {
        request.image.kind = WIRE_DEPLOY_IMAGE_DIGEST;
        request.image.u.digest = (struct wire_bytes){source->digest, sizeof source->digest};
    }
    result = client_deploy(client, call->operands[0], &request, source->fd >= 0 ? &upload : NULL, arena,
                           &unikernel, err);
    timing->deployed = now_ns();
    if (timing->on_terminal)
        fprintf(stderr, "\r\x1b[K");
    if (result == 0)
        print_deployed(values, &unikernel, timing);
    return result;
}

int deploy_main(const struct command_call *call, struct error *err)
{
    const struct deploy_values *values = call->values;
    struct image_named source = {.fd = -1};
    struct wire_arena arena = {.limit = 0};
    struct timing timing = {
        .wanted = values->timing, .on_terminal = isatty(STDERR_FILENO), .began = now_ns()};
    cleanup_client struct client *client = daemon_open(values->run_directory, err);
    if (client == NULL)
        return COMMAND_FAILED;
    int result = image_named_find(client, call->operands[1], &source, err);
    if (result == 0)
        result = deploy(call, client, &source, &timing, &arena, err);
    wire_arena_free(&arena);
    fd_close(&source.fd);
    if (result == 0 && values->timing && values->format != FORMAT_JSON)
        print_timing(&timing);
    return result < 0 ? COMMAND_FAILED : COMMAND_DONE;
}
