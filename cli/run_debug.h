/*
 * run_debug.h: what `bivy run` does as the tracer of the guest.
 *
 * The tender is traced from its exec on, because that is the only moment at which nothing of the guest can be
 * missed. See debug/ for what is done at each stop.
 */
#ifndef CLI_RUN_DEBUG_H
#define CLI_RUN_DEBUG_H

#include <stdbool.h>

struct error;
struct run;
struct run_debug;
struct spawn;

/* Made from the options of RUN (borrowed); NULL with ERR filled. */
struct run_debug *run_debug_new(const struct run *run, struct error *err);
void run_debug_free(struct run_debug *debug);

/*
 * Starts the tender as spawn_program() does, traced if the host allows it, and lets it run. 0 or -errno.
 */
int run_debug_spawn(struct run_debug *debug, struct spawn *spawn, bool vm, int *pidfd, struct error *err);

/* The tender's option without which a virtual machine's guest cannot be looked at as RUN asks, or NULL. */
const char *run_debug_option(const struct run *run);

/* Whether the guest's own fault ended it, which was then told. */
bool run_debug_has_told(const struct run_debug *debug);

/* Whether such a fault would be told. */
bool run_debug_is_tracing(const struct run_debug *debug);

/* What gdb writes to, or -1. To be polled for reading. */
int run_debug_fd(const struct run_debug *debug);

/* Handles the guest's stop, if it has one, and what gdb has to say. To be called after every SIGCHLD and when
 * the descriptor is readable; never waits. */
void run_debug_step(struct run_debug *debug);

#endif
