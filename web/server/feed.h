/* feed.h: a stream of the daemon's as the source of server-sent events. */
#ifndef WEB_SERVER_FEED_H
#define WEB_SERVER_FEED_H

#include "daemon.h"
#include "operation.h"

struct buffer;

/* How one message of the daemon's becomes events; 0 or -errno. */
typedef int feed_print(struct server *server, const struct wire_data *data, struct buffer *out);

/* Called once the daemon has ended the stream: NAME is what was followed; may append a last event. */
typedef void feed_finish(struct server *server, const char *name, struct buffer *out);

struct feed_kind {
    feed_print *print;
    feed_finish *finish; /* may be NULL */
};

/*
 * Answers REQUEST with the stream that DAEMON, on which client_console() or client_events() has succeeded,
 * sends; takes what DAEMON holds over, also on failure.
 */
void feed_answer(struct server *server, struct request *request, struct daemon *daemon, const char *name,
                 const struct feed_kind *kind, struct response *response);

/* The id after which a stream shall go on: Last-Event-ID, else the query's AFTER, else FALLBACK; false and
 * 400. */
bool feed_after(const struct request *request, int64_t fallback, int64_t *after, struct response *response);

#endif
