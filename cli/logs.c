/*
 * logs.c: `bivy logs`: the console of a unikernel, from what the daemon keeps and, with -f, as it goes on.
 *
 * A connection that breaks while following is made anew, behind the last line that was seen: a restart of the
 * daemon neither ends nor repeats what is printed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "daemon.h"
#include "host/error.h"
#include "output.h"

#define RETRY_NS     200000000L
#define RETRY_MOST   150  /* half a minute without a daemon ends it */
#define TAIL_DEFAULT 1000 /* lines, where nothing else is said */
#define TAIL_ALL     10000000

struct logs_values {
    bool follow, times;
    struct option_number tail;
    const char *since;
    int format;
    const char *run_directory;
};

static const struct option_row options[] = {
    {.name = "follow",
     .letter = 'f',
     .kind = OPTION_FLAG,
     .offset = offsetof(struct logs_values, follow),
     .help = "go on as lines come, until interrupted"},
    {.name = "tail",
     .letter = 'n',
     .kind = OPTION_NUMBER,
     .offset = offsetof(struct logs_values, tail),
     .argument = "N",
     .least = 0,
     .most = TAIL_ALL,
     .help = "only the last N lines"},
    {.name = "since",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct logs_values, since),
     .argument = "TIME",
     .help = "only lines from TIME on: RFC 3339, or an age: 30s, 10m, 2h, 1d"},
    {.name = "times",
     .letter = 't',
     .kind = OPTION_FLAG,
     .offset = offsetof(struct logs_values, times),
     .help = "the time in front of each line"},
    OPTION_FORMAT(struct logs_values, format),
    OPTION_RUN_DIRECTORY(struct logs_values, run_directory),
    OPTION_END,
};

const struct command_usage logs_usage = {
    .operands = "NAME",
    .least = 1,
    .most = 1,
    .completion = COMPLETE_NAME,
    .about = "With -o json one object a line: {id, time, line}.",
    .example = "bivy logs web\nbivy logs -f --tail 20 web\nbivy logs --since 10m web\n",
    .options = options,
    .values_size = sizeof(struct logs_values),
};

/* "30s", "10m", "2h", "1d" ago. */
static int parse_age(const char *text, int64_t *ms)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char number[24];
    size_t size = strlen(text);
    int64_t value;
    if (size < 2 || size > sizeof number)
        return -EINVAL;
    memcpy(number, text, size - 1);
    number[size - 1] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].unit != text[size - 1] || option_parse_number(number, 0, 1000000000, &value) < 0)
            continue;
        *ms = ((int64_t)time(NULL) - value * units[i].seconds) * 1000;
        return 0;
    }
    return -EINVAL;
}

/* RFC 3339 in UTC, "2026-01-31T12:00:00Z", with or without a fraction. */
static int parse_time(const char *text, int64_t *ms, struct error *err)
{
    struct tm parts = {.tm_isdst = 0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    int64_t fraction = 0;
    int64_t unit = 100;
    if (rest != NULL && *rest == '.')
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
            fraction += unit * (*rest - '0');
    if (rest != NULL && (strcmp(rest, "Z") == 0 || strcmp(rest, "+00:00") == 0)) {
        *ms = (int64_t)timegm(&parts) * 1000 + fraction;
        return 0;
    }
    if (parse_age(text, ms) == 0)
        return 0;
    error_set(err, EINVAL, "since", text, "not a time");
    error_hint(err, "2026-01-31T12:00:00Z, or an age: 30s, 10m, 2h, 1d");
    return -EINVAL;
}

struct follower {
    const struct logs_values *values;
    const char *name;
    struct client *client;
    int64_t last;     /* id of the last line seen; -1: none */
    int64_t since_ms; /* lines before it are not shown */
};

static void print_line(const struct follower *follower, const struct wire_bivy_data_console *line)
{
    char when[32];
    output_time(when, line->time);
    if (follower->values->format == FORMAT_JSON) {
        json_t *json = json_object();
        output_json_set(json, "id", json_integer(line->id));
        output_json_set(json, "time", json_string(when));
        output_json_set(json, "line", output_json_text(line->line.data, line->line.size));
        json_dumpf(json, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(json);
        return;
    }
    if (follower->values->times)
        printf("%s%s%s ", output_tone(TONE_FAINT), when, output_tone(TONE_PLAIN));
    output_line(line->line.data, line->line.size);
}

/* One stream to its end: 0, or -errno. */
static int read_stream(struct follower *follower, struct error *err)
{
    struct wire_arena arena = {.limit = 0};
    struct wire_wire message;
    int result;
    while ((result = client_next(follower->client, -1, &arena, &message, err)) == 1) {
        const struct wire_payload *payload = &message.payload;
        if (payload->kind == WIRE_PAYLOAD_DATA && payload->u.data.kind == WIRE_DATA_BIVY &&
            payload->u.data.u.bivy.kind == WIRE_BIVY_DATA_CONSOLE) {
            const struct wire_bivy_data_console *line = &payload->u.data.u.bivy.u.console;
            follower->last = line->id;
            if (line->time >= follower->since_ms)
                print_line(follower, line);
            if (follower->values->follow && (fflush(stdout) != 0 || ferror(stdout)))
                result = -EPIPE;
        }
        wire_arena_free(&arena);
        if (result < 0)
            break;
    }
    wire_arena_free(&arena);
    return result;
}

static int64_t wanted_tail(const struct logs_values *values)
{
    if (values->tail.given)
        return values->tail.value;
    return values->since != NULL ? TAIL_ALL : TAIL_DEFAULT;
}

/* Consoles outlive their unikernels: only the daemon knows whether more can come. */
static int look_for_unikernel(const struct follower *follower, struct error *err)
{
    struct wire_arena arena = {.limit = 0};
    struct wire_unikernel unikernel;
    int result = client_show(follower->client, follower->name, &arena, &unikernel, err);
    wire_arena_free(&arena);
    return result;
}

/* One connection, to the end of its stream; AGAIN: an earlier one ended. */
static int read_once(struct follower *follower, bool again, struct error *err)
{
    const struct logs_values *values = follower->values;
    follower->client = daemon_open(values->run_directory, err);
    if (follower->client == NULL)
        return -ECONNREFUSED;
    int result = again ? look_for_unikernel(follower, err) : 0;
    if (result == 0)
        result = client_console(follower->client, follower->name, follower->last, wanted_tail(values),
                                values->follow, err);
    if (result == 0)
        result = read_stream(follower, err);
    client_close(follower->client);
    return result;
}

/*
 * The end of a stream may be the end of the unikernel or of a daemon that will be back: asking again tells.
 * Following ends with the unikernel, or when no daemon comes back.
 */
static int follow(struct follower *follower, struct error *err)
{
    bool ended = false;
    for (int tries = 0; tries < RETRY_MOST; tries++) {
        int64_t before = follower->last;
        int result = read_once(follower, ended, err);
        bool broken = result == -ECONNREFUSED || result == -ECONNRESET;
        bool gone = ended && result == -ENOENT;
        if (!follower->values->follow || gone || (result < 0 && !(broken && (ended || follower->last >= 0))))
            return gone ? 0 : result;
        if (follower->last > before)
            tries = 0;
        ended = true;
        nanosleep(&(struct timespec){.tv_nsec = RETRY_NS}, NULL);
    }
    return -ECONNREFUSED;
}

int logs_main(const struct command_call *call, struct error *err)
{
    const struct logs_values *values = call->values;
    struct follower follower = {
        .values = values, .name = call->operands[0], .last = -1, .since_ms = INT64_MIN};
    if (values->since != NULL && parse_time(values->since, &follower.since_ms, err) < 0)
        return COMMAND_USAGE;
    int result = follow(&follower, err);
    bool done = result == 0 || result == -EPIPE;
    if (done)
        *err = (struct error){.code = 0};
    return done ? COMMAND_DONE : COMMAND_FAILED;
}
