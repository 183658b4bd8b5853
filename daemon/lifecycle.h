/* lifecycle.h: ending, stopping and starting what exists. Each answers the connection when it is done. */
#ifndef DAEMON_LIFECYCLE_H
#define DAEMON_LIFECYCLE_H

struct connection;
struct daemon;

/* Albatross's: destroy, and restart with the same configuration. */
void lifecycle_destroy(struct connection *connection);
void lifecycle_restart(struct connection *connection);

/* Ours: what is stopped keeps its configuration and place, and stays stopped over restarts of the machine. */
void lifecycle_stop(struct connection *connection);
void lifecycle_start(struct connection *connection);

/* Ends every unikernel without changing what it is meant to be, then the networks, the keep and the daemon.
 */
void lifecycle_shutdown(struct connection *connection);

#endif
