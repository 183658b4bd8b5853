/*
 * console.h: what unikernels wrote, as lines, from the rings that bivy-keep fills.
 *
 * A line's id is where it ends in its console's stream, so that it is the same for every reader and
 * after every restart; a reader that fell behind the ring is told how much is missing. The guest's
 * bytes are made valid UTF-8 here. Rings outlive their unikernels; of those without one the
 * youngest CONSOLE_INACTIVE_MAX stay.
 */
#ifndef DAEMON_CONSOLE_H
#define DAEMON_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection;
struct console_reader;
struct daemon;
struct error;

#define CONSOLE_INACTIVE_MAX 256
#define CONSOLE_LINE_MAX     4096 /* bytes; what is longer comes in pieces */

/* The directory of rings below the state directory; its descriptor or -errno. */
int console_directory(const char *state_dir, struct error *err);

/* The ring file of NAME, made if MAKE; its descriptor or -errno. */
int console_open(const struct daemon *daemon, const char *name, bool make, struct error *err);

/* The unikernel is gone for good: old rings may go. */
void console_prune(struct daemon *daemon);

struct console_line {
    int64_t id;      /* greater than that of the line before */
    int64_t time_ms; /* when its last piece came */
    char *text;      /* valid UTF-8, no newline, NUL-terminated */
};

/* A reader of NAME's console, from its oldest line; NULL and ERR if it has none. */
struct console_reader *console_reader_open(const struct daemon *daemon, const char *name, struct error *err);
void console_reader_close(struct console_reader *reader);

/* The next line, borrowed until the next call; false: none is complete now. */
bool console_reader_next(struct console_reader *reader, struct console_line *line);

/* Goes to the last COUNT lines. */
void console_reader_tail(struct console_reader *reader, size_t count);

/* Goes behind the line with this id, or to the first with at least this time (ms since 1970). */
void console_reader_after(struct console_reader *reader, int64_t id);
void console_reader_since(struct console_reader *reader, int64_t time_ms);

/* Whether bytes of a line that has not ended yet wait; and what there is of it as a line of its own: false if
 * nothing can be shown now. */
bool console_reader_partial(const struct console_reader *reader);
bool console_reader_flush(struct console_reader *reader, struct console_line *line);

/* Asks for console_appended() at the next append. */
void console_reader_ask(struct console_reader *reader);

/* From the keep: the console of the unikernel with this id has more. */
void console_appended(struct daemon *daemon, uint64_t id);

/* Calls FUNCTION for the name of every console at or below QUERY that exists; 0 or -errno. */
int console_each(const struct daemon *daemon, const char *query, int (*function)(void *, const char *),
                 void *context);

#endif
