/*
 * supervise.h: keeps what shall run running.
 *
 * Starts unikernels, hears how they end, starts them again as their restart policy says (with
 * back-off), takes over what runs already when the daemon starts, and sees to it that nothing ever
 * runs twice: what the keep runs is matched by the deployment's id, and what it no longer runs is dead.
 */
#ifndef DAEMON_SUPERVISE_H
#define DAEMON_SUPERVISE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire_types.h"

struct daemon;
struct error;
struct keep_child;
struct unikernel;

#define SUPERVISE_GRACE_NS UINT64_C(5000000000) /* from SIGTERM to SIGKILL */

/* Whether the policy wants one that ended so to run again. */
bool supervise_restarts(const struct wire_restart *policy, bool by_signal, int status);

/* Starts the process; 0 or -errno, and then nothing of it runs and the state is unchanged. */
int supervise_start(struct unikernel *unikernel, struct error *err);

/* The start failed for the reason in ERR: waits for another try or gives up, as the policy says. */
void supervise_start_failed(struct unikernel *unikernel, const struct error *err);

/* Waits as long as its back-off says and starts it then, whatever its policy. */
void supervise_start_later(struct unikernel *unikernel);

/*
 * Ends the process, gently, then not; calls ENDED once it is gone (at once if there is none) with
 * unikernel->operation set to OPERATION. Nothing restarts it then but ENDED.
 */
void supervise_end(struct unikernel *unikernel, void (*ended)(struct unikernel *), void *operation);

/* From the keep: a child has ended. */
void supervise_exited(struct daemon *daemon, const struct keep_child *child);

/* The keep is dead and all that it ran: starts another one and everything again. */
void supervise_keep_lost(struct daemon *daemon);

/*
 * At the daemon's start: loads the unikernels from the store, connects to the keep, takes over what
 * runs, and begins to start what does not. 0 or -errno.
 */
int supervise_open(struct daemon *daemon, struct error *err);

#endif
