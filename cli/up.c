/* up.c: `bivy up` and `bivy down`: the daemon and the web console of this user, both or none. */
#include <stdio.h>

#include "commands.h"
#include "host/error.h"
#include "output.h"
#include "service.h"

struct up_values {
    const char *listen, *run_directory, *state_directory;
    int format;
};

#define STATE_OPTION                                                                                         \
    {                                                                                                        \
        .name = "state-dir", .kind = OPTION_TEXT, .offset = offsetof(struct up_values, state_directory),     \
        .argument = "DIR", .completion = COMPLETE_DIRECTORY, .help = "where images and databases are kept"   \
    }

static const struct option_row up_options[] = {
    {.name = "listen",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct up_values, listen),
     .argument = "ADDR:PORT",
     .help = "of the web console; a free port of 127.0.0.1 from 8080 on if not given"},
    OPTION_RUN_DIRECTORY(struct up_values, run_directory),
    STATE_OPTION,
    OPTION_FORMAT(struct up_values, format),
    OPTION_END,
};

const struct command_usage up_usage = {
    .about =
        "Returns once both answer, and may be repeated. They go on when the terminal is closed; 'bivy down' "
        "ends\n"
        "them. With -o json: {url, setup_code, run_dir, state_dir}; setup_code is null once there is a user.",
    .example = "bivy up\nbivy up -o json | jq -r .url\n",
    .options = up_options,
    .values_size = sizeof(struct up_values),
};

static const struct option_row down_options[] = {
    OPTION_RUN_DIRECTORY(struct up_values, run_directory),
    STATE_OPTION,
    OPTION_END,
};

const struct command_usage down_usage = {
    .about = "Unikernels end too; what was deployed starts again with the next 'bivy up'. May be repeated.",
    .example = "bivy down\n",
    .options = down_options,
    .values_size = sizeof(struct up_values),
};

static void print_json(const struct service *service, const struct service_web *web)
{
    json_t *json = json_object();
    output_json_set(json, "url", json_string(web->url));
    output_json_set(json, "setup_code",
                    web->setup_code[0] != '\0' ? json_string(web->setup_code) : json_null());
    output_json_set(json, "run_dir", json_string(service->run_directory));
    output_json_set(json, "state_dir", json_string(service->state_directory));
    output_json(json);
}

static void print_text(const struct service *service, const struct service_web *web)
{
    output_field("console", "%s", web->url);
    if (web->setup_code[0] != '\0')
        output_field("setup code", "%s (the console asks for it once, for the first user)", web->setup_code);
    output_field("run dir", "%s", service->run_directory);
    output_field("state dir", "%s", service->state_directory);
}

int up_main(const struct command_call *call, struct error *err)
{
    const struct up_values *values = call->values;
    struct service service;
    struct service_web web;
    int result = service_open(&service, values->run_directory, values->state_directory, err);
    if (result == 0)
        result = service_start_daemon(&service, err);
    if (result == 0)
        result = service_start_web(&service, values->listen, &web, err);
    if (result == 0)
        (values->format == FORMAT_JSON ? print_json : print_text)(&service, &web);
    service_close(&service);
    return result < 0 ? COMMAND_FAILED : COMMAND_DONE;
}

int down_main(const struct command_call *call, struct error *err)
{
    const struct up_values *values = call->values;
    struct service service;
    int result = service_open(&service, values->run_directory, values->state_directory, err);
    if (result == 0)
        result = service_stop_web(&service, err);
    if (result == 0)
        result = service_stop_daemon(&service, err);
    service_close(&service);
    return result < 0 ? COMMAND_FAILED : COMMAND_DONE;
}
