/* feed.c: a stream of the daemon's as the source of server-sent events; see feed.h. */
#include "feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/buffer.h"
#include "stream.h"
#include "unikernel.h"

#define FEED_BATCH (64 * 1024) /* bytes of events that are made before any goes out */

struct feed {
    struct server *server;
    struct daemon daemon;
    const struct feed_kind *kind;
    char name[UNIKERNEL_NAME_MAX + 1];
};

static int end_feed(struct feed *feed, struct buffer *out)
{
    if (feed->kind->finish != NULL)
        feed->kind->finish(feed->server, feed->name, out);
    return 0;
}

static int feed_read(void *context, struct buffer *out)
{
    struct feed *feed = context;
    struct daemon *daemon = &feed->daemon;
    while (out->size < FEED_BATCH) {
        struct wire_wire message;
        wire_arena_free(&daemon->arena);
        int result = client_next(daemon->client, 0, &daemon->arena, &message, &daemon->err);
        if (result == -ETIMEDOUT)
            return 1;
        if (result <= 0)
            return end_feed(feed, out);
        if (message.payload.kind == WIRE_PAYLOAD_DATA &&
            feed->kind->print(feed->server, &message.payload.u.data, out) < 0)
            return -EMSGSIZE;
    }
    return 1;
}

static int feed_descriptor(void *context)
{
    struct feed *feed = context;
    return client_fd(feed->daemon.client);
}

static void feed_close(void *context)
{
    struct feed *feed = context;
    daemon_end(&feed->daemon);
    free(feed);
}

void feed_answer(struct server *server, struct request *request, struct daemon *daemon, const char *name,
                 const struct feed_kind *kind, struct response *response)
{
    struct feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL) {
        daemon_end(daemon);
        response_error(response, 500, "", "follow: out of memory");
        return;
    }
    *feed = (struct feed){.server = server, .daemon = *daemon, .kind = kind};
    *daemon = (struct daemon){0};
    snprintf(feed->name, sizeof feed->name, "%s", name);
    struct stream_source source = {feed, feed_read, feed_descriptor, feed_close};
    response->stream = stream_open(server, &request->session, request->socket, &source);
    if (response->stream == NULL)
        response_error(response, 503, "close other pages of the console",
                       "follow: too many streams are open");
    else
        response->status = 200;
}

bool feed_after(const struct request *request, int64_t fallback, int64_t *after, struct response *response)
{
    const char *last = request->headers.last_event_id;
    int result = last[0] != '\0' ? request_number(last, after)
                                 : request_query_number(request, "after", 0, INT64_MAX, fallback, after);
    if (result < 0)
        response_error(response, 400, "", "read request: the id to go on from is no number");
    return result == 0;
}
