/* commands.h: the function and the usage of every command; each pair stands in the file of its name. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "command.h"

#define COMMAND_DECLARE(name)                                                                                \
    command_function name##_main;                                                                            \
    extern const struct command_usage name##_usage

COMMAND_DECLARE(new);
COMMAND_DECLARE(build);
COMMAND_DECLARE(cc);
COMMAND_DECLARE(env);
COMMAND_DECLARE(inspect);
COMMAND_DECLARE(run);
COMMAND_DECLARE(up);
COMMAND_DECLARE(down);
COMMAND_DECLARE(deploy);
COMMAND_DECLARE(ps);
COMMAND_DECLARE(show);
COMMAND_DECLARE(logs);
COMMAND_DECLARE(events);
COMMAND_DECLARE(stop);
COMMAND_DECLARE(start);
COMMAND_DECLARE(restart);
COMMAND_DECLARE(destroy);
COMMAND_DECLARE(update);
COMMAND_DECLARE(rollback);
COMMAND_DECLARE(history);
COMMAND_DECLARE(image_ls);
COMMAND_DECLARE(image_rm);
COMMAND_DECLARE(policy_set);
COMMAND_DECLARE(policy_ls);
COMMAND_DECLARE(policy_rm);
COMMAND_DECLARE(network_create);
COMMAND_DECLARE(network_ls);
COMMAND_DECLARE(network_rm);
COMMAND_DECLARE(doctor);
COMMAND_DECLARE(completion);
COMMAND_DECLARE(help);

#undef COMMAND_DECLARE

#endif
