/* event.c: events; see event.h. */
#define _GNU_SOURCE
#include "event.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "daemon.h"
#include "host/error.h"
#include "host/log.h"
#include "host/loop.h"
#include "scope.h"
#include "store.h"
#include "unikernel.h"

struct pending_event {
    struct pending_event *next;
    int64_t id, time_ms;
    enum wire_event_kind_value kind;
    char name[SCOPE_NAME_SIZE];
    char detail[320];
};

void event_open(struct daemon *daemon)
{
    int64_t last = store_last_event(daemon->store);
    daemon->last_event = last > 0 ? last + EVENT_GAP : 0;
    daemon->events_end = &daemon->events;
}

void event_flush(struct daemon *daemon)
{
    struct error err = {0};
    loop_cancel(&daemon->events_timer);
    if (daemon->events == NULL)
        return;
    store_set_lazy(daemon->store, true);
    int result = store_begin(daemon->store, &err);
    while (daemon->events != NULL) {
        struct pending_event *event = daemon->events;
        struct store_event row = {.id = event->id,
                                  .time_ms = event->time_ms,
                                  .name = event->name,
                                  .kind = event->kind,
                                  .detail = event->detail};
        if (result == 0)
            result = store_event_put(daemon->store, &row, &err);
        daemon->events = event->next;
        free(event);
    }
    daemon->events_end = &daemon->events;
    if (result == 0 && daemon->last_event % 64 == 0)
        result = store_event_trim(daemon->store, &err);
    if (result == 0)
        result = store_commit(daemon->store, &err);
    else
        store_rollback(daemon->store);
    store_set_lazy(daemon->store, false);
    if (result < 0)
        log_failure(&err);
}

static void flush_later(void *context)
{
    struct daemon *daemon = context;
    daemon->events_timer = NULL;
    event_flush(daemon);
}

static void event_send(struct connection *connection, const struct pending_event *event,
                       const struct unikernel *unikernel)
{
    struct wire_arena arena = {0};
    char relative[SCOPE_NAME_SIZE];
    struct wire_data data = {.kind = WIRE_DATA_BIVY, .u.bivy.kind = WIRE_BIVY_DATA_EVENT};
    struct wire_event *wire = &data.u.bivy.u.event;
    scope_relative(connection_query(connection), event->name, relative);
    *wire = (struct wire_event){.id = event->id,
                                .time = event->time_ms,
                                .name = wire_text(relative),
                                .kind = event->kind,
                                .detail = wire_text(event->detail)};
    if (unikernel != NULL && unikernel_describe(unikernel, &arena, &wire->state) == 0) {
        wire->has_state = true;
        wire->state.name = wire->name;
    }
    connection_data(connection, connection_query(connection), &data);
    wire_arena_free(&arena);
}

void event_emit(struct daemon *daemon, enum wire_event_kind_value kind, const char *name,
                const struct unikernel *unikernel, const char *detail, ...)
{
    struct pending_event *event = calloc(1, sizeof *event);
    va_list args;
    if (event == NULL)
        return;
    event->id = ++daemon->last_event;
    event->time_ms = daemon_now_ms();
    event->kind = kind;
    snprintf(event->name, sizeof event->name, "%s", name);
    va_start(args, detail);
    vsnprintf(event->detail, sizeof event->detail, detail, args);
    va_end(args);
    log_info("%s: %s", event->name, event->detail);
    *daemon->events_end = event;
    daemon->events_end = &event->next;
    if (daemon->events_timer == NULL)
        daemon->events_timer = loop_after(daemon->loop, EVENT_DELAY_NS, flush_later, daemon, NULL);
    for (struct connection *c = connection_first_subscriber(daemon, name); c != NULL;
         c = connection_next_subscriber(c, name))
        event_send(c, event, unikernel);
}

struct replay {
    struct connection *connection;
    const char *query;
};

static int replay_one(void *context, const struct store_event *row)
{
    const struct replay *replay = context;
    struct pending_event event = {.id = row->id, .time_ms = row->time_ms};
    if (!scope_matches(replay->query, row->name) || row->kind < 0 || row->kind > WIRE_EVENT_KIND_NETWORK)
        return 0;
    event.kind = (enum wire_event_kind_value)row->kind;
    snprintf(event.name, sizeof event.name, "%s", row->name);
    snprintf(event.detail, sizeof event.detail, "%s", row->detail);
    event_send(replay->connection, &event, NULL);
    return 0;
}

int event_replay(struct daemon *daemon, const char *query, int64_t after, struct connection *connection,
                 struct error *err)
{
    struct replay replay = {.connection = connection, .query = query};
    event_flush(daemon);
    return store_events(daemon->store, after, replay_one, &replay, err);
}
