/* lifecycle.c: `bivy stop`, `start`, `restart` and `destroy`: one thing done to several unikernels. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "commands.h"
#include "daemon.h"
#include "host/error.h"
#include "output.h"

struct lifecycle_values {
    struct option_number memory;
    bool yes;
    const char *run_directory;
};

static const struct option_row options[] = {
    OPTION_RUN_DIRECTORY(struct lifecycle_values, run_directory),
    OPTION_END,
};

static const struct option_row destroy_options[] = {
    {.name = "yes",
     .letter = 'y',
     .kind = OPTION_FLAG,
     .offset = offsetof(struct lifecycle_values, yes),
     .help = "do not ask"},
    OPTION_RUN_DIRECTORY(struct lifecycle_values, run_directory),
    OPTION_END,
};

static const struct option_row restart_options[] = {
    {.name = "memory",
     .letter = 'm',
     .kind = OPTION_MEMORY,
     .offset = offsetof(struct lifecycle_values, memory),
     .argument = "MB",
     .help = "with another memory: MiB, or with a unit"},
    OPTION_RUN_DIRECTORY(struct lifecycle_values, run_directory),
    OPTION_END,
};

#define USAGE(name, rows, ...)                                                                               \
    const struct command_usage name##_usage = {.operands = "NAME...",                                        \
                                               .least = 1,                                                   \
                                               .most = -1,                                                   \
                                               .completion = COMPLETE_NAME,                                  \
                                               .options = rows,                                              \
                                               .values_size = sizeof(struct lifecycle_values),               \
                                               __VA_ARGS__}

USAGE(stop, options, .example = "bivy stop web worker\n");
USAGE(start, options, .example = "bivy start web\n");
USAGE(restart, restart_options, .tail = "ARGS...",
      .about = "With other arguments (all of them after --) or another memory it is a new release; what was "
               "wrong with them is said before the running one is touched.",
      .example = "bivy restart web\nbivy restart web --memory 64M -- --verbose\n");
USAGE(destroy, destroy_options, .example = "bivy destroy web\nbivy destroy --yes $(bivy ps --names)\n");

static int apply(const struct command_call *call, daemon_function *function, const char *done,
                 struct error *err)
{
    const struct lifecycle_values *values = call->values;
    return daemon_each(call, values->run_directory, function, done, err);
}

int stop_main(const struct command_call *call, struct error *err)
{
    return apply(call, client_stop, "stopped", err);
}

int start_main(const struct command_call *call, struct error *err)
{
    return apply(call, client_start, "started", err);
}

static int restart_with(const struct command_call *call, struct error *err)
{
    const struct lifecycle_values *values = call->values;
    struct wire_bytes arguments[128];
    struct wire_restart_with changes = {.has_memory = values->memory.given,
                                        .memory = values->memory.value,
                                        .has_arguments = call->tail_count > 0,
                                        .arguments.items = arguments};
    if (call->count > 1 || call->tail_count > (int)(sizeof arguments / sizeof *arguments)) {
        error_set(err, EINVAL, "restart", call->operands[0],
                  "other arguments or memory are for one unikernel");
        return COMMAND_USAGE;
    }
    for (int i = 0; i < call->tail_count; i++)
        arguments[changes.arguments.count++] = wire_text(call->tail[i]);
    cleanup_wire_arena struct wire_arena arena = {.limit = 0};
    struct wire_unikernel unikernel;
    cleanup_client struct client *client = daemon_open(values->run_directory, err);
    if (client == NULL ||
        client_restart_with(client, call->operands[0], &changes, &arena, &unikernel, err) < 0)
        return COMMAND_FAILED;
    printf("%s: restarted\n", call->operands[0]);
    return COMMAND_DONE;
}

int restart_main(const struct command_call *call, struct error *err)
{
    const struct lifecycle_values *values = call->values;
    if (values->memory.given || call->tail_count > 0)
        return restart_with(call, err);
    return apply(call, client_restart, "restarted", err);
}

/* Asks on the terminal; without one to ask on, --yes is needed. */
static int confirm(const struct command_call *call, struct error *err)
{
    char answer[16] = "";
    if (!isatty(STDIN_FILENO)) {
        error_set(err, EPERM, "destroy", call->operands[0], "not confirmed");
        error_hint(err, "--yes, where there is no terminal to ask on");
        return -EPERM;
    }
    fprintf(stderr, "destroy");
    for (int i = 0; i < call->count; i++)
        fprintf(stderr, " %s", call->operands[i]);
    fprintf(stderr, "? [y/N] ");
    if (fgets(answer, sizeof answer, stdin) == NULL || (answer[0] != 'y' && answer[0] != 'Y'))
        return error_set(err, ECANCELED, "destroy", call->operands[0], "not confirmed");
    return 0;
}

int destroy_main(const struct command_call *call, struct error *err)
{
    const struct lifecycle_values *values = call->values;
    if (!values->yes && confirm(call, err) < 0)
        return COMMAND_FAILED;
    return apply(call, client_destroy, "destroyed", err);
}
