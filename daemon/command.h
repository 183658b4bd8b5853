/* command.h: which command does what, on which socket. */
#ifndef DAEMON_COMMAND_H
#define DAEMON_COMMAND_H

#include "wire_types.h"

struct connection;

/* Carries out the command of a connection; everything that it points to lives only during the call. */
void command_run(struct connection *connection, const struct wire_command *command);

#endif
