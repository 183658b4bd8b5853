/* update.h: the requests that make another release of a unikernel: update, rollback, restart with other
 * arguments; and the list of releases. Each answers its connection. */
#ifndef DAEMON_UPDATE_H
#define DAEMON_UPDATE_H

#include "wire_types.h"

struct connection;

void update_image(struct connection *connection, const struct wire_update *update);
void update_rollback(struct connection *connection, const struct wire_rollback *rollback);
void update_restart(struct connection *connection, const struct wire_restart_with *changes);
void update_history(struct connection *connection);

#endif
