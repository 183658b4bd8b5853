/*
 * policies.h: the policies that hold, kept in the store, the root's discovered at each start.
 *
 * policy.h decides; this is where the daemon's policies and unikernels are brought before it. A
 * policy in the store that no longer fits what exists stays and is reported: it never keeps the
 * daemon from starting.
 */
#ifndef DAEMON_POLICIES_H
#define DAEMON_POLICIES_H

#include <stdbool.h>
#include <stdint.h>

#include "policy.h"

struct daemon;
struct error;
struct owned;

struct policy_entry {
    struct policy_entry *next;
    const char *path;    /* owned */
    struct owned *owned; /* struct wire_policy */
};

/*
 * A deployment that was admitted and does not stand in the table of unikernels yet (it waits for the end of
 * what it replaces): it counts from the moment it was admitted, together with what it replaces as much as
 * the larger of the two. Its image is in use, too. Zeroed, or registered.
 */
struct policy_reservation {
    struct policy_reservation *next;
    const char *name; /* borrowed, as all here */
    const struct wire_deploy *deploy;
    const uint8_t *digest;
};

void policies_reserve(struct daemon *daemon, struct policy_reservation *reservation);

/* Forgets it; harmless if it is not registered. */
void policies_release(struct daemon *daemon, struct policy_reservation *reservation);

/* Finds what the host has and loads the rest; 0 or -errno. */
int policies_open(struct daemon *daemon, struct error *err);

/* Finds again what the host has, networks included. 0 or -errno. */
int policies_discover(struct daemon *daemon, struct error *err);
void policies_close(struct daemon *daemon);

/* The policy at PATH or NULL. */
const struct wire_policy *policies_find(const struct daemon *daemon, const char *path);

/* Adds or replaces the policy at PATH. 1: it was the same already; 0: changed; -errno. */
int policies_add(struct daemon *daemon, const char *path, const struct wire_policy *limits,
                 struct error *err);
int policies_remove(struct daemon *daemon, const char *path, struct error *err);

/* policy_admit() against everything that exists, for the unikernel NAME. */
int policies_admit(struct daemon *daemon, const char *name, const struct wire_deploy *deploy,
                   struct error *err);

/* Everything that exists and holds; to be freed with policies_view_free(). */
int policies_view(const struct daemon *daemon, struct policy_view *view);
void policies_view_free(struct policy_view *view);

/* The processors that the unikernel may use as a mask of KEEP_CPU_WORDS words; false: all of the host's. */
bool policies_cpus(const struct daemon *daemon, const char *name, const struct wire_deploy *deploy,
                   uint64_t *mask);

#endif
