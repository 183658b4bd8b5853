/*
 * keeper.h: the daemon's side of bivy-keep: finds or starts it, gives it orders.
 *
 * Orders are answered at once, so the calls wait for the answer (at most KEEPER_TIMEOUT_MS: a keep
 * that takes longer is taken for dead); events that arrive meanwhile are handed on from the loop
 * later, never from within a call.
 */
#ifndef DAEMON_KEEPER_H
#define DAEMON_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keep/protocol.h"

struct error;
struct keeper;
struct loop;

#define KEEPER_TIMEOUT_MS 5000

struct keeper_listener {
    void (*exited)(void *context, const struct keep_child *child);
    void (*console)(void *context, uint64_t id); /* something was appended to a ring that was asked about */
    void (*lost)(void *context);                 /* the keep is dead, and everything it had started with it */
    void *context;
};

/* What to start. */
struct keeper_spawn {
    uint64_t id;
    const char *name;
    const char *program;
    char *const *arguments; /* NULL-terminated; [0] included */
    int ring;               /* -1: no console */
    const int *fds;         /* become 3, 4, ... */
    size_t fd_count;
    uid_t uid;
    gid_t gid;
    const uint64_t *cpus; /* NULL: any; else KEEP_CPU_WORDS words */
};

/*
 * Connects to the keep of RUN_DIR, starting one if there is none; *STARTED says which. NULL and ERR after
 * a failure.
 */
struct keeper *keeper_open(const char *run_dir, struct loop *loop, const struct keeper_listener *listener,
                           bool *started, struct error *err);

/* Forgets the connection; the keep and its children go on. */
void keeper_close(struct keeper *keeper);

/* Starts a program; its pid, or -errno. */
pid_t keeper_spawn(struct keeper *keeper, const struct keeper_spawn *spawn, struct error *err);

int keeper_signal(struct keeper *keeper, uint64_t id, int number, struct error *err);
int keeper_acknowledge(struct keeper *keeper, uint64_t id, struct error *err);

/* Calls FUNCTION for every child, ended ones included; 0 or -errno. FUNCTION may use the keeper. */
int keeper_children(struct keeper *keeper, void (*function)(void *, const struct keep_child *), void *context,
                    struct error *err);

/* Descriptors that outlive the daemon. FD stays the caller's; keeper_fetch() returns a new one, or
 * -ENOENT. */
int keeper_hold(struct keeper *keeper, const char *name, int fd, struct error *err);
int keeper_fetch(struct keeper *keeper, const char *name, struct error *err);
int keeper_drop(struct keeper *keeper, const char *name, struct error *err);

/* Ends the keep and returns when it is gone; -EBUSY while a child runs. */
int keeper_quit(struct keeper *keeper, struct error *err);

/* How the children of a keep that died had ended before: RUN_DIR's record of exits. */
int keeper_exits(const char *run_dir, void (*function)(void *, const struct keep_child *), void *context);

#endif
