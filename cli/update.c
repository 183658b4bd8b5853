/*
 * update.c: `bivy update` and `bivy rollback`: another release of a unikernel, which must prove itself.
 *
 * The daemon does the proving; this waits for its verdict, so that the exit status is the update's.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "daemon.h"
#include "deploy_request.h"
#include "host/error.h"
#include "host/fd.h"
#include "image_named.h"
#include "output.h"
#include "unikernel.h"

#define WITHIN_MS 60000 /* what the daemon takes, if it is not said */
#define MARGIN_MS 60000 /* for all that is not the trial */

struct update_values {
    const char *check;
    struct option_number within, stay;
    int format;
    const char *run_directory;
};

#define AT(member) offsetof(struct update_values, member)

#define OPTIONS_TRIAL                                                                                        \
    {.name = "within",                                                                                       \
     .kind = OPTION_NUMBER,                                                                                  \
     .offset = AT(within),                                                                                   \
     .argument = "MS",                                                                                       \
     .least = 1,                                                                                             \
     .most = 3600000,                                                                                        \
     .help = "so long it may take to pass its check; 60000"},                                                \
    {                                                                                                        \
        .name = "stay", .kind = OPTION_NUMBER, .offset = AT(stay), .argument = "MS", .least = 1,             \
        .most = 3600000, .help = "without a check: it proves itself by running so long; 5000"                \
    }

static const struct option_row update_options[] = {
    {.name = "check",
     .kind = OPTION_TEXT,
     .offset = AT(check),
     .argument = "URL",
     .help = "how it proves itself, from now on: http://HOST:PORT/PATH, or tcp:PORT, http:PORT/PATH as in "
             "deploy"},
    OPTIONS_TRIAL,
    OPTION_FORMAT(struct update_values, format),
    OPTION_RUN_DIRECTORY(struct update_values, run_directory),
    OPTION_END,
};

const struct command_usage update_usage = {
    .operands = "NAME IMAGE",
    .least = 2,
    .most = 2,
    .completion = COMPLETE_FILE,
    .about =
        "The image, the policy and the devices are checked before the running one is touched. The new "
        "one must pass its "
        "check, or run for a while if it has none; else the release before comes back by itself, and the "
        "command fails. "
        "In a URL an address or localhost means a published port, any other host the unikernel's own "
        "port.",
    .example = "bivy update web web2.uk\nbivy update web web2.uk --check http://localhost:8080/health\n",
    .options = update_options,
    .values_size = sizeof(struct update_values),
};

static const struct option_row rollback_options[] = {
    OPTIONS_TRIAL,
    OPTION_FORMAT(struct update_values, format),
    OPTION_RUN_DIRECTORY(struct update_values, run_directory),
    OPTION_END,
};

const struct command_usage rollback_usage = {
    .operands = "NAME RELEASE",
    .least = 1,
    .most = 2,
    .completion = COMPLETE_NAME,
    .about = "RELEASE is a number of 'bivy history NAME'; without it, the newest good release before the "
             "present one. "
             "It becomes a new release and must prove itself like any other.",
    .example = "bivy rollback web\nbivy rollback web 3\n",
    .options = rollback_options,
    .values_size = sizeof(struct update_values),
};

/* An address, or the host's own name for itself: the URL is one that a user of the service opens. */
static bool is_address(const char *host)
{
    uint8_t address[16];
    return strcmp(host, "localhost") == 0 || inet_pton(AF_INET, host, address) == 1;
}

static int guest_port(const struct wire_unikernel *unikernel, const char *url, int64_t host_port,
                      int64_t *guest, struct error *err)
{
    for (size_t i = 0; i < unikernel->ports.count; i++)
        if (!unikernel->ports.items[i].udp && unikernel->ports.items[i].host == host_port) {
            *guest = unikernel->ports.items[i].guest;
            return 0;
        }
    error_set(err, EINVAL, "check", url, "no port of it is published there");
    error_hint(err, "http:PORT/PATH asks a port of the unikernel itself");
    return -EINVAL;
}

/* "http://HOST[:PORT][/PATH]" */
static int parse_url(struct client *client, const char *name, const char *url, struct wire_health *health,
                     struct error *err)
{
    cleanup_wire_arena struct wire_arena arena = {.limit = 0};
    char host[256];
    struct wire_unikernel unikernel;
    int64_t port = 80;
    const char *start = url + strlen("http://");
    const char *path = strchr(start, '/');
    size_t size = path != NULL ? (size_t)(path - start) : strlen(start);
    if (size >= sizeof host)
        return error_set(err, EINVAL, "check", url, "too long");
    memcpy(host, start, size);
    host[size] = '\0';
    char *colon = strrchr(host, ':');
    if (colon != NULL)
        *colon = '\0';
    if (colon != NULL && option_parse_number(colon + 1, 1, 65535, &port) < 0)
        return error_set(err, EINVAL, "check", url, "its port is not 1 to 65535");
    if (is_address(host)) {
        int result = client_show(client, name, &arena, &unikernel, err);
        if (result == 0)
            result = guest_port(&unikernel, url, port, &port, err);
        if (result < 0)
            return result;
    }
    health->kind.kind = WIRE_HEALTH_KIND_HTTP;
    health->kind.u.http.port = port;
    health->kind.u.http.path = wire_text(path != NULL ? path : "/");
    return 0;
}

static int parse_check(struct client *client, const char *name, const char *text, struct wire_health *health,
                       struct error *err)
{
    *health = (struct wire_health){.interval_ms = DEPLOY_CHECK_INTERVAL,
                                   .timeout_ms = DEPLOY_CHECK_TIMEOUT,
                                   .retries = DEPLOY_CHECK_RETRIES};
    if (strncmp(text, "http://", 7) == 0)
        return parse_url(client, name, text, health, err);
    return deploy_parse_check(text, health, err);
}

static int64_t given_ms(const struct option_number *number)
{
    return number->given ? number->value : 0;
}

static void await_verdict(struct client *client, const struct update_values *values)
{
    int64_t longest = values->within.given ? values->within.value : WITHIN_MS;
    if (values->stay.given && values->stay.value > longest)
        longest = values->stay.value;
    client_set_timeout(client, (int)longest + MARGIN_MS);
}

static int note_progress(void *context, uint64_t sent_bytes, uint64_t total_bytes)
{
    (void)context;
    if (!isatty(STDERR_FILENO))
        return 0;
    if (sent_bytes < total_bytes)
        fprintf(stderr, "\rsending the image: %3u %%", (unsigned)(sent_bytes * 100 / total_bytes));
    else
        fprintf(stderr, "\r\x1b[Kwaiting for the new release to prove itself");
    return 0;
}

static void end_progress(void)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\x1b[K");
}

static void print_result(const struct update_values *values, const struct wire_unikernel *unikernel,
                         const char *what)
{
    struct wire_bytes name = unikernel_name(unikernel->name);
    if (values->format == FORMAT_JSON)
        output_json(unikernel_json(unikernel));
    else
        printf("%.*s: %s\n", (int)name.size, (const char *)name.data, what);
}

static int update(const struct command_call *call, struct client *client, const struct image_named *source,
                  struct error *err)
{
    const struct update_values *values = call->values;
    const char *name = call->operands[0];
    cleanup_wire_arena struct wire_arena arena = {.limit = 0};
    struct wire_unikernel unikernel;
    struct client_upload upload = {.fd = source->fd, .size = source->size, .progress = note_progress};
    struct wire_update request = {.within_ms = given_ms(&values->within), .stay_ms = given_ms(&values->stay)};
    request.has_check = values->check != NULL;
    int result = request.has_check ? parse_check(client, name, values->check, &request.check, err) : 0;
    if (result < 0)
        return result;
    if (source->fd >= 0) {
        request.image.kind = WIRE_UPDATE_IMAGE_UPLOAD;
        request.image.u.upload = (int64_t)source->size;
    } else {
        request.image.kind = WIRE_UPDATE_IMAGE_DIGEST;
        request.image.u.digest = (struct wire_bytes){source->digest, sizeof source->digest};
    }
    await_verdict(client, values);
    result = client_update(client, name, &request, source->fd >= 0 ? &upload : NULL, &arena, &unikernel, err);
    end_progress();
    if (result == 0)
        print_result(values, &unikernel, "updated");
    return result;
}

int update_main(const struct command_call *call, struct error *err)
{
    const struct update_values *values = call->values;
    struct image_named source = {.fd = -1};
    cleanup_client struct client *client = daemon_open(values->run_directory, err);
    if (client == NULL)
        return COMMAND_FAILED;
    int result = image_named_find(client, call->operands[1], &source, err);
    if (result == 0)
        result = update(call, client, &source, err);
    fd_close(&source.fd);
    return result < 0 ? COMMAND_FAILED : COMMAND_DONE;
}

int rollback_main(const struct command_call *call, struct error *err)
{
    const struct update_values *values = call->values;
    cleanup_wire_arena struct wire_arena arena = {.limit = 0};
    struct wire_unikernel unikernel;
    struct wire_rollback request = {.within_ms = given_ms(&values->within),
                                    .stay_ms = given_ms(&values->stay)};
    if (call->count > 1 && option_parse_number(call->operands[1], 1, INT32_MAX, &request.release) < 0) {
        error_set(err, EINVAL, "rollback", call->operands[1], "not the number of a release");
        return COMMAND_USAGE;
    }
    cleanup_client struct client *client = daemon_open(values->run_directory, err);
    if (client == NULL)
        return COMMAND_FAILED;
    await_verdict(client, values);
    note_progress(NULL, 0, 0);
    int result = client_rollback(client, call->operands[0], &request, &arena, &unikernel, err);
    end_progress();
    if (result == 0)
        print_result(values, &unikernel, "rolled back");
    return result < 0 ? COMMAND_FAILED : COMMAND_DONE;
}
