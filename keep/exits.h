/*
 * exits.h: how children ended, on file until the daemon has taken notice.
 *
 * The records also stand in the keep's memory; the file is for a daemon that finds the keep dead.
 * It lives in the run directory and is never synced: both are gone after the machine restarts.
 */
#ifndef KEEP_EXITS_H
#define KEEP_EXITS_H

#include <stdint.h>

struct error;
struct keep_child;

/* Empties the file behind FD and writes its header; 0 or -errno. */
int exits_format(int fd, struct error *err);

/* Appends a record; 0 or -errno. */
int exits_append(int fd, const struct keep_child *child);

/* Forgets all records: every one has been acknowledged. 0 or -errno. */
int exits_clear(int fd);

typedef void exits_function(void *context, const struct keep_child *child);

/* Calls FUNCTION for each record written since the machine started; 0 or -errno. */
int exits_read(int fd, exits_function *function, void *context);

#endif
