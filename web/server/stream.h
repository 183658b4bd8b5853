/*
 * stream.h: server-sent events: from a source of the daemon to one browser.
 *
 * A stream has a thread of its own (see server.h). It reads from its source only when what it read before has
 * gone out, so that a slow browser holds back the daemon's buffer and nothing grows here; a browser that
 * takes nothing for SERVER_TIMEOUT_S is cut off, and resumes with the id it saw last.
 */
#ifndef WEB_SERVER_STREAM_H
#define WEB_SERVER_STREAM_H

#include <stdint.h>
#include <sys/types.h>

#include "host/buffer.h"
#include "session.h"

#define STREAM_HEARTBEAT_MS 15000
#define STREAM_PENDING_MAX  (1 << 20) /* bytes of one event, headers included */

struct server;
struct stream;

/* Where events come from. */
struct stream_source {
    void *context;
    /* Appends events that are there to OUT, without waiting; none is fine. 1: more may come, 0: the end, or
     * -errno. */
    int (*read)(void *context, struct buffer *out);
    int (*descriptor)(void *context); /* readable when read() has something */
    void (*close)(void *context);
};

/*
 * Opens a stream that lives while SESSION holds and SOCKET (-1: unknown) is connected. Takes over the source,
 * also on failure. NULL: out of memory, or SERVER_STREAMS are open already.
 */
struct stream *stream_open(struct server *server, const struct session *session, int socket,
                           const struct stream_source *source);
void stream_close(struct stream *stream);

/* Waits for bytes and copies up to SIZE of them; 0: the end; -1: failed. */
ssize_t stream_read(struct stream *stream, char *data, size_t size);

/* Appends one event; ID < 0: none; NAME NULL: the default; DATA must be one line. 0 or -errno. */
int stream_event(struct buffer *out, int64_t id, const char *name, const char *data);

#endif
