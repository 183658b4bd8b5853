/*
 * event.h: what happened to unikernels: told to subscribers at once, kept in the store a moment later.
 *
 * An event costs its cause no wait for the disk: it is written with the next ones, within
 * EVENT_DELAY_NS. After a crash the numbers go on above any that may have been given out.
 */
#ifndef DAEMON_EVENT_H
#define DAEMON_EVENT_H

#include <stdint.h>

#include "wire_types.h"

struct connection;
struct daemon;
struct error;
struct unikernel;

#define EVENT_DELAY_NS UINT64_C(200000000)
#define EVENT_GAP      1000 /* numbers skipped at a start */

/* Finds the last number given out. */
void event_open(struct daemon *daemon);

/* Something happened to NAME; UNIKERNEL is its state after it, or NULL. DETAIL is for people. */
void event_emit(struct daemon *daemon, enum wire_event_kind_value kind, const char *name,
                const struct unikernel *unikernel, const char *detail, ...)
    __attribute__((format(printf, 5, 6)));

/* Writes what waits to the store. */
void event_flush(struct daemon *daemon);

/* Sends the events with numbers above AFTER that QUERY means; 0 or -errno. */
int event_replay(struct daemon *daemon, const char *query, int64_t after, struct connection *connection,
                 struct error *err);

#endif
