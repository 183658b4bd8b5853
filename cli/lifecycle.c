/* lifecycle.c: `bivy stop`, `start`, `restart` and `destroy`: one thing done to several unikernels. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "commands.h"
#include "daemon.h"
#include "host/error.h"
#include "output.h"

struct lifecycle_values {
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

#define USAGE(name, rows, text)                                                                              \
    const struct command_usage name##_usage = {                                                              \
        .operands = "NAME...",                                                                               \
        .least = 1,                                                                                          \
        .most = -1,                                                                                          \
        .completion = COMPLETE_NAME,                                                                         \
        .example = text,                                                                                     \
        .options = rows,                                                                                     \
        .values_size = sizeof(struct lifecycle_values),                                                      \
    }

USAGE(stop, options, "bivy stop web worker\n");
USAGE(start, options, "bivy start web\n");
USAGE(restart, options, "bivy restart web\n");
USAGE(destroy, destroy_options, "bivy destroy web\nbivy destroy --yes $(bivy ps --names)\n");

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

int restart_main(const struct command_call *call, struct error *err)
{
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
