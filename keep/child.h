/*
 * child.h: the tenders and helpers that the keep started: their consoles, their ends.
 *
 * Two descriptors a child: its pidfd and the read end of its console's pipe (64 KiB, the system's
 * default). A child dies with the keep: whoever finds the keep dead may start everything again and
 * never runs anything twice.
 */
#ifndef KEEP_CHILD_H
#define KEEP_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

struct child;
struct error;
struct loop;

/* The table of children, sorted by id, and who is told about them. */
struct children {
    struct loop *loop;
    struct child **items;
    size_t count, capacity;
    int exits_fd; /* borrowed */
    /* Tells the daemon (KEEP_EXITED, KEEP_CONSOLE); false: it could not be told now, try
     * children_tell_again() later. */
    bool (*tell)(void *context, enum keep_op op, const struct keep_child *child);
    void *context;
};

/*
 * Starts a child as SPAWN and TEXT say. FDS are borrowed; the first is the ring if SPAWN asks for a
 * console. 0 or -errno; *CHILD is then its record.
 */
int child_start(struct children *children, const struct keep_spawn *spawn, const char *text, const int *fds,
                size_t count, struct keep_child *child, struct error *err);

/* Sends a signal; 0, -ENOENT, or -ESRCH when it has ended. */
int child_signal(struct children *children, uint64_t id, int number);

/* Forgets a child that has ended; 0, -ENOENT, or -EBUSY. */
int child_forget(struct children *children, uint64_t id);

/* Copies up to LIMIT records of children with ids above AFTER; returns how many. */
size_t children_list(const struct children *children, uint64_t after, struct keep_child *to, size_t limit);

/* Whether any child runs. */
bool children_running(const struct children *children);

/* Tells what tell() refused before. */
void children_tell_again(struct children *children);

#endif
