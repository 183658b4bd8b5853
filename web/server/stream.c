/* stream.c: server-sent events; see stream.h. */
#define _GNU_SOURCE
#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "server.h"

struct stream {
    struct server *server;
    struct session session;
    struct stream_source source;
    struct buffer pending;
    int64_t beat_ms; /* when the next heartbeat is due */
    int socket;
    bool ended;
};

static int heartbeat_ms(const struct server *server)
{
    return server->heartbeat_ms > 0 ? server->heartbeat_ms : STREAM_HEARTBEAT_MS;
}

struct stream *stream_open(struct server *server, const struct session *session, int socket,
                           const struct stream_source *source)
{
    struct stream *stream = NULL;
    if (atomic_fetch_add(&server->streams, 1) < SERVER_STREAMS)
        stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        atomic_fetch_sub(&server->streams, 1);
        source->close(source->context);
        return NULL;
    }
    stream->server = server;
    stream->session = *session;
    stream->source = *source;
    stream->socket = socket;
    stream->pending.limit = STREAM_PENDING_MAX;
    stream->beat_ms = clock_monotonic_ms() + heartbeat_ms(server);
    /* Sent at once: the browser then knows that it is connected, and how soon to come back. */
    buffer_append_text(&stream->pending, "retry: 2000\n\n");
    return stream;
}

void stream_close(struct stream *stream)
{
    if (stream == NULL)
        return;
    stream->source.close(stream->source.context);
    buffer_free(&stream->pending);
    atomic_fetch_sub(&stream->server->streams, 1);
    free(stream);
}

/* A comment keeps proxies and browsers awake; it is also when a session that has ended is noticed. */
static void beat(struct stream *stream)
{
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms < stream->beat_ms)
        return;
    stream->beat_ms = now_ms + heartbeat_ms(stream->server);
    if (session_holds(&stream->server->database, &stream->session, clock_now_ms()))
        buffer_append_text(&stream->pending, ": \n\n");
    else
        stream->ended = true;
}

/* Waits for the source, the browser's leaving, the server's end, or the next heartbeat. */
static void wait_for_source(struct stream *stream)
{
    int64_t left_ms = stream->beat_ms - clock_monotonic_ms();
    struct pollfd fds[3] = {
        {.fd = stream->source.descriptor(stream->source.context), .events = POLLIN},
        {.fd = stream->server->stop_fd, .events = POLLIN},
        {.fd = stream->socket, .events = POLLRDHUP},
    };
    if (left_ms > 0 && poll(fds, 3, (int)left_ms) < 0 && errno != EINTR)
        stream->ended = true;
    stream->ended |= fds[1].revents != 0 || fds[2].revents != 0;
}

static void fill(struct stream *stream)
{
    beat(stream);
    if (stream->ended)
        return;
    int more = stream->source.read(stream->source.context, &stream->pending);
    stream->ended |= more <= 0;
    if (stream->pending.size == 0 && !stream->ended)
        wait_for_source(stream);
}

ssize_t stream_read(struct stream *stream, char *data, size_t size)
{
    while (stream->pending.size == 0 && !stream->ended)
        fill(stream);
    size_t give = stream->pending.size < size ? stream->pending.size : size;
    if (give == 0)
        return 0;
    memcpy(data, stream->pending.data, give);
    buffer_consume(&stream->pending, give);
    return (ssize_t)give;
}

int stream_event(struct buffer *out, int64_t id, const char *name, const char *data)
{
    int result = 0;
    if (id >= 0)
        result = buffer_printf(out, "id: %" PRId64 "\n", id);
    if (result == 0 && name != NULL)
        result = buffer_printf(out, "event: %s\n", name);
    return result == 0 ? buffer_printf(out, "data: %s\n\n", data) : result;
}
