/*
 * connection.h: one peer on one of the daemon's sockets: its frames, its dialogue, its end.
 *
 * Whatever a peer sends costs at most its own connection: every frame has a limit, every state a
 * time-out, every reader of a stream a bounded buffer, and there are at most CONNECTIONS_MAX.
 */
#ifndef DAEMON_CONNECTION_H
#define DAEMON_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire_types.h"

struct connection;
struct daemon;
struct error;

#define CONNECTIONS_MAX       256
#define CONNECTION_TIMEOUT_NS UINT64_C(30000000000) /* without a byte where one is due */

/* A new connection on the socket; FD is taken, also after a failure. */
void connection_open(struct daemon *daemon, int fd, bool console_socket);

/* Ends it; an operation that it began goes on. */
void connection_close(struct connection *connection);
void connection_close_all(struct daemon *daemon);

struct daemon *connection_daemon(const struct connection *connection);

/* The name in the header of its command, in canonical text: a path or a full name. */
const char *connection_query(const struct connection *connection);
/* Who is at the other end, as the history writes it: "uid 1000". */
void connection_author(const struct connection *connection, char author[static 32]);

bool connection_on_console_socket(const struct connection *connection);

/* One reply, with the header of the command. The connection ends when it is sent, unless connection_keep()
 * was called. */
void connection_reply(struct connection *connection, const struct wire_success *success);
void connection_reply_text(struct connection *connection, const char *text);
void connection_reply_bivy(struct connection *connection, const struct wire_bivy_reply *reply);

/* A failure's text and hint; the connection then ends. */
void connection_fail(struct connection *connection, const struct error *err);

/* Another command may follow the reply. */
void connection_keep(struct connection *connection);

/* A frame of a stream, whose header has NAME. */
void connection_data(struct connection *connection, const char *name, const struct wire_data *data);

/*
 * Chunks follow: CHUNK gets each (of size 0: the last) until it does not return 0, or the peer is gone (data
 * NULL and size 1). CLOSED is called if the connection ends while it waits for a reply, which it does from
 * now on.
 */
void connection_upload(struct connection *connection, int (*chunk)(void *, const uint8_t *, size_t),
                       void *context);

/* A reply comes later: CLOSED(CONTEXT) is called if the peer goes away before it. */
void connection_await(struct connection *connection, void (*closed)(void *), void *context);

/* It becomes a stream of events that its name means. */
void connection_follow_events(struct connection *connection);
struct connection *connection_first_subscriber(const struct daemon *daemon, const char *name);
struct connection *connection_next_subscriber(const struct connection *connection, const char *name);

/* It becomes a stream of NAME's console from where READER (taken) stands; BIVY: with ids. Not FOLLOW: it ends
 * at the last line. */
struct console_reader;
void connection_follow_console(struct connection *connection, struct console_reader *reader, bool bivy,
                               bool follow);
void connection_console_more(struct daemon *daemon, const char *name);

/* The unikernel is gone: so are the streams of its console, after their last line. */
void connection_console_end(struct daemon *daemon, const char *name);

#endif
