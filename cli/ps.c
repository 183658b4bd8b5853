/* ps.c: `bivy ps` and `bivy show`: the unikernels that there are, and one of them in full. */
#include <stdio.h>

#include "commands.h"
#include "daemon.h"
#include "host/error.h"
#include "output.h"
#include "unikernel.h"

struct ps_values {
    bool wide, names;
    int format;
    const char *run_directory;
};

static const struct option_row ps_options[] = {
    {.name = "verbose",
     .letter = 'v',
     .kind = OPTION_FLAG,
     .offset = offsetof(struct ps_values, wide),
     .help = "image and process too"},
    {.name = "names",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct ps_values, names),
     .help = "only the names, one a line"},
    OPTION_FORMAT(struct ps_values, format),
    OPTION_RUN_DIRECTORY(struct ps_values, run_directory),
    OPTION_END,
};

const struct command_usage ps_usage = {
    .operands = "PATH",
    .least = 0,
    .most = 1,
    .about = "All unikernels at or below PATH (\"tenant:\"), running or not; all there are without one.",
    .example = "bivy ps\nbivy ps -o json | jq '.[].name'\n",
    .options = ps_options,
    .values_size = sizeof(struct ps_values),
};

static void print_list(const struct ps_values *values, const struct wire_unikernel_list *list)
{
    if (values->names) {
        for (size_t i = 0; i < list->count; i++) {
            struct wire_bytes name = unikernel_name(list->items[i].name);
            output_line(name.data, name.size);
        }
    } else if (values->format == FORMAT_JSON) {
        json_t *all = json_array();
        for (size_t i = 0; i < list->count; i++)
            json_array_append_new(all, unikernel_json(&list->items[i]));
        output_json(all);
    } else if (list->count == 0) {
        printf("no unikernels; 'bivy deploy NAME IMAGE' makes one\n");
    } else {
        unikernel_print_table(list, values->wide);
    }
}

int ps_main(const struct command_call *call, struct error *err)
{
    const struct ps_values *values = call->values;
    struct wire_arena arena = {.limit = 0};
    struct wire_unikernel_list list;
    cleanup_client struct client *client = daemon_open(values->run_directory, err);
    if (client == NULL)
        return COMMAND_FAILED;
    int result = client_list(client, call->count > 0 ? call->operands[0] : ":", &arena, &list, err);
    if (result == 0)
        print_list(values, &list);
    wire_arena_free(&arena);
    return result < 0 ? COMMAND_FAILED : COMMAND_DONE;
}

struct show_values {
    int format;
    const char *run_directory;
};

static const struct option_row show_options[] = {
    OPTION_FORMAT(struct show_values, format),
    OPTION_RUN_DIRECTORY(struct show_values, run_directory),
    OPTION_END,
};

const struct command_usage show_usage = {
    .operands = "NAME",
    .least = 1,
    .most = 1,
    .completion = COMPLETE_NAME,
    .example = "bivy show web\nbivy show -o json web\n",
    .options = show_options,
    .values_size = sizeof(struct show_values),
};

int show_main(const struct command_call *call, struct error *err)
{
    const struct show_values *values = call->values;
    struct wire_arena arena = {.limit = 0};
    struct wire_unikernel unikernel;
    cleanup_client struct client *client = daemon_open(values->run_directory, err);
    if (client == NULL)
        return COMMAND_FAILED;
    int result = client_show(client, call->operands[0], &arena, &unikernel, err);
    if (result == 0 && values->format == FORMAT_JSON)
        output_json(unikernel_json(&unikernel));
    else if (result == 0)
        unikernel_print(&unikernel);
    wire_arena_free(&arena);
    return result < 0 ? COMMAND_FAILED : COMMAND_DONE;
}
