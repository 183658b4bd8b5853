/* event.c: the operation that follows what happens to unikernels; see event.h. */
#include "event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "feed.h"
#include "stream.h"
#include "unikernel.h"

/* Who names no number wants what happens from now on, not what has happened. */
#define EVENT_NONE_PAST (-1)

static int print_json(struct buffer *out, int64_t id, const char *name, json_t *json)
{
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    int result = text != NULL ? stream_event(out, id, name, text) : -ENOMEM;
    free(text);
    return result;
}

/*
 * An event of the past comes without the state after it, which nobody kept: the browser gets the state that
 * holds now, under the event's number. A unikernel that is gone by now has an event of its own that says so.
 */
static int print_present(struct server *server, const struct wire_event *event, struct buffer *out)
{
    cleanup_daemon struct daemon daemon;
    struct response unused = {0};
    struct wire_unikernel unikernel;
    char name[UNIKERNEL_NAME_MAX + 1];
    int result = 0;
    snprintf(name, sizeof name, "%.*s", (int)event->name.size, (const char *)event->name.data);
    if (daemon_begin(&daemon, server, &unused) &&
        client_show(daemon.client, name, &daemon.arena, &unikernel, &daemon.err) == 0)
        result = print_json(out, event->id, "unikernel", unikernel_json(&unikernel));
    response_free(&unused);
    return result;
}

static int print_event(struct server *server, const struct wire_data *data, struct buffer *out)
{
    if (data->kind != WIRE_DATA_BIVY || data->u.bivy.kind != WIRE_BIVY_DATA_EVENT)
        return 0;
    const struct wire_event *event = &data->u.bivy.u.event;
    if (event->kind == WIRE_EVENT_KIND_DESTROYED)
        return print_json(out, event->id, "destroyed",
                          json_pack("{s:o}", "name", unikernel_name_json(event->name)));
    if (event->has_state)
        return print_json(out, event->id, "unikernel", unikernel_json(&event->state));
    return event->kind != WIRE_EVENT_KIND_REFUSED ? print_present(server, event, out) : 0;
}

static const struct feed_kind event_kind = {print_event, NULL};

void event_follow(struct server *server, struct request *request, struct response *response)
{
    cleanup_daemon struct daemon daemon = {0};
    int64_t after;
    if (feed_after(request, EVENT_NONE_PAST, &after, response) && daemon_begin(&daemon, server, response) &&
        daemon_check(&daemon, client_events(daemon.client, DAEMON_ROOT, after, &daemon.err), response))
        feed_answer(server, request, &daemon, DAEMON_ROOT, &event_kind, response);
}
