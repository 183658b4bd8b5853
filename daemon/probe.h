/*
 * probe.h: has one guest asked by bivy-probe, a child that is as short-lived as its question.
 */
#ifndef DAEMON_PROBE_H
#define DAEMON_PROBE_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct loop;
struct probe;

/* Called once: whether the guest works, and if not WHY, in our words. */
typedef void probe_function(void *context, bool passing, const char *why);

/*
 * Asks the guest behind SOCKET (borrowed; from network_connect()). PATH is NULL, or what to GET from it, with
 * HOST as its name. FUNCTION is called from the loop, within TIMEOUT_NS nanoseconds; the probe is then gone.
 * NULL and ERR if it could not be asked.
 */
struct probe *probe_start(struct loop *loop, int socket, const char *path, const char *host,
                          uint64_t timeout_ns, probe_function *function, void *context, struct error *err);

/* Ends the question at *PROBE (may be NULL) and clears it: FUNCTION is not called. */
void probe_cancel(struct probe **probe);

#endif
