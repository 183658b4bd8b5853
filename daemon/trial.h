/*
 * trial.h: a new release proves itself, or the one before comes back by itself.
 *
 * It has proved itself when its health check passes, or, without one, when it has run for a while. A process
 * that ends, a check that does not pass in time and a start that fails are its failure. That a release is on
 * trial stands in the store, so a daemon that dies in between goes on with the trial when it comes back.
 */
#ifndef DAEMON_TRIAL_H
#define DAEMON_TRIAL_H

#include <stdint.h>

struct connection;
struct daemon;
struct deploy_release;
struct unikernel;

#define TRIAL_WITHIN_NS UINT64_C(60000000000) /* to pass its check, unless it was said */
#define TRIAL_STAY_NS   UINT64_C(5000000000)  /* to run without one */
#define TRIAL_ASK_MS    200                   /* a check is asked at least so often meanwhile */

/* UNIKERNEL runs its new RELEASE, recorded as on trial. CONNECTION (or NULL) is answered with the verdict. */
void trial_begin(struct unikernel *unikernel, const struct deploy_release *release,
                 struct connection *connection);

/* At the daemon's start: goes on with the trials that its predecessor had begun. */
void trial_resume(struct daemon *daemon);

/* Its health check has passed. */
void trial_passed(struct unikernel *unikernel);

/* Its process has ended, or could not be started: WHY. */
void trial_failed(struct unikernel *unikernel, const char *why);

/* The unikernel is to be destroyed: there is nothing to prove any more. Harmless without a trial. */
void trial_drop(struct unikernel *unikernel);

#endif
