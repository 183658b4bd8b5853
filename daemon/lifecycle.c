/* lifecycle.c: see lifecycle.h. */
#define _GNU_SOURCE
#include "lifecycle.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "collect.h"
#include "connection.h"
#include "console.h"
#include "daemon.h"
#include "event.h"
#include "host/error.h"
#include "host/log.h"
#include "host/loop.h"
#include "keeper.h"
#include "store.h"
#include "supervise.h"
#include "trial.h"
#include "unikernel.h"
#include "usernet.h"

/* One that waits for a process to end. */
struct operation {
    struct connection *connection; /* NULL: the peer went away; the operation goes on */
};

static void peer_gone(void *context)
{
    struct operation *operation = context;
    operation->connection = NULL;
}

/* Takes the unikernel for an operation and ends its process; answers and returns NULL if it cannot. */
static struct unikernel *begin(struct connection *connection, struct operation **operation)
{
    struct error err = {0};
    struct unikernel *unikernel =
        unikernel_take(connection_daemon(connection), connection_query(connection), &err);
    *operation = unikernel == NULL ? NULL : calloc(1, sizeof **operation);
    if (unikernel != NULL && *operation == NULL)
        error_set(&err, ENOMEM, "unikernel", unikernel->name, NULL);
    if (*operation == NULL) {
        connection_fail(connection, &err);
        return NULL;
    }
    unikernel->busy = true;
    (*operation)->connection = connection;
    connection_await(connection, peer_gone, *operation);
    return unikernel;
}

/* Gives the unikernel free; the connection that waits, or NULL. */
static struct connection *finish(struct unikernel *unikernel)
{
    struct operation *operation = unikernel->operation;
    struct connection *connection = operation->connection;
    unikernel->operation = NULL;
    unikernel->busy = false;
    free(operation);
    return connection;
}

static void fail(struct unikernel *unikernel, struct operation *operation, const struct error *err)
{
    unikernel->operation = operation;
    struct connection *connection = finish(unikernel);
    if (connection != NULL)
        connection_fail(connection, err);
}

static void reply_state(struct unikernel *unikernel, struct connection *connection)
{
    struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_DEPLOYED};
    struct wire_arena arena = {0};
    if (connection != NULL && unikernel_describe(unikernel, &arena, &reply.u.deployed) == 0)
        connection_reply_bivy(connection, &reply);
    wire_arena_free(&arena);
}

static void destroy_ended(struct unikernel *unikernel)
{
    struct daemon *daemon = unikernel->daemon;
    struct connection *connection = finish(unikernel);
    unikernel_remove(unikernel);
    event_emit(daemon, WIRE_EVENT_KIND_DESTROYED, unikernel->name, NULL, "destroyed");
    connection_console_end(daemon, unikernel->name);
    console_prune(daemon);
    if (connection != NULL)
        connection_reply_text(connection, "destroyed unikernel");
    unikernel_free(unikernel);
    collect_later(daemon);
}

void lifecycle_destroy(struct connection *connection)
{
    struct error err = {0};
    struct operation *operation;
    struct unikernel *unikernel = unikernel_find(connection_daemon(connection), connection_query(connection));
    if (unikernel != NULL)
        trial_drop(unikernel);
    unikernel = begin(connection, &operation);
    if (unikernel == NULL)
        return;
    /* Forgotten first: a daemon that dies now ends what is left of it when it comes back. */
    struct store *store = unikernel->daemon->store;
    int result = store_begin(store, &err);
    if (result == 0)
        result = store_unikernel_delete(store, unikernel->id, &err);
    if (result == 0)
        result = store_lease_delete(store, unikernel->name, &err);
    if (result == 0)
        result = store_releases_delete(store, unikernel->name, &err);
    if (result == 0)
        result = store_commit(store, &err);
    if (result < 0) {
        store_rollback(store);
        fail(unikernel, operation, &err);
        return;
    }
    supervise_end(unikernel, destroy_ended, operation);
}

static void restart_ended(struct unikernel *unikernel)
{
    struct error err = {0};
    struct connection *connection = finish(unikernel);
    unikernel->attempt = 0;
    store_unikernel_update(unikernel->daemon->store, unikernel->id, STORE_RUNNING, unikernel->exit_status, "",
                           NULL);
    if (supervise_start(unikernel, &err) == 0) {
        if (connection != NULL)
            connection_reply_text(connection, "created unikernel");
        return;
    }
    supervise_start_failed(unikernel, &err);
    if (connection != NULL)
        connection_fail(connection, &err);
}

void lifecycle_restart(struct connection *connection)
{
    struct operation *operation;
    struct unikernel *unikernel = begin(connection, &operation);
    if (unikernel != NULL)
        supervise_end(unikernel, restart_ended, operation);
}

static void stop_ended(struct unikernel *unikernel)
{
    struct connection *connection = finish(unikernel);
    if (unikernel->state != WIRE_STATE_STOPPED)
        unikernel_move(unikernel, STATE_PUT_ASIDE);
    event_emit(unikernel->daemon, WIRE_EVENT_KIND_STOPPED, unikernel->name, unikernel, "stopped");
    reply_state(unikernel, connection);
}

void lifecycle_stop(struct connection *connection)
{
    struct error err = {0};
    struct operation *operation;
    struct unikernel *unikernel = begin(connection, &operation);
    if (unikernel == NULL)
        return;
    if (store_unikernel_update(unikernel->daemon->store, unikernel->id, STORE_STOPPED, unikernel->exit_status,
                               "", &err) < 0) {
        fail(unikernel, operation, &err);
        return;
    }
    supervise_end(unikernel, stop_ended, operation);
}

void lifecycle_start(struct connection *connection)
{
    struct error err = {0};
    struct daemon *daemon = connection_daemon(connection);
    struct unikernel *unikernel = unikernel_take(daemon, connection_query(connection), &err);
    if (unikernel != NULL && unikernel->pid == 0) {
        unikernel->attempt = 0;
        if (store_unikernel_update(daemon->store, unikernel->id, STORE_RUNNING, unikernel->exit_status, "",
                                   &err) < 0 ||
            supervise_start(unikernel, &err) < 0) {
            if (!unikernel_waits(unikernel))
                supervise_start_failed(unikernel, &err);
            unikernel = NULL;
        }
    }
    if (unikernel == NULL)
        connection_fail(connection, &err);
    else
        reply_state(unikernel, connection);
}

/* The process has ended; what the unikernel is meant to be stays as it was. */
static void shutdown_ended(struct unikernel *unikernel)
{
    if (unikernel->state != WIRE_STATE_STOPPED)
        unikernel_move(unikernel, STATE_PUT_ASIDE);
}

/* Ends what runs or is about to, what an operation has started meanwhile too; whether anything is left. */
static bool end_everything(struct daemon *daemon)
{
    bool left = false;
    for (size_t i = 0; i < daemon->unikernel_count; i++) {
        struct unikernel *unikernel = daemon->unikernels[i];
        if (unikernel->ended == NULL && (unikernel->pid != 0 || unikernel_waits(unikernel)))
            supervise_end(unikernel, shutdown_ended, NULL);
        left = left || unikernel->pid != 0;
    }
    return left;
}

static void look_for_end(void *context)
{
    struct daemon *daemon = context;
    daemon->ending_timer = NULL;
    if (!end_everything(daemon)) {
        usernet_close_all(daemon);
        int result = keeper_quit(daemon->keeper, NULL);
        if (result == 0 || result == -EPIPE) {
            loop_stop(daemon->loop);
            return;
        }
    }
    daemon->ending_timer = loop_after(daemon->loop, UINT64_C(10000000), look_for_end, daemon, NULL);
}

void lifecycle_shutdown(struct connection *connection)
{
    struct daemon *daemon = connection_daemon(connection);
    struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_DONE, .u.done = wire_text("ending")};
    if (!daemon->ending) {
        log_info("shutdown was asked for: every unikernel is ended");
        daemon->ending = true;
        daemon->ending_all = true;
        look_for_end(daemon);
    }
    connection_reply_bivy(connection, &reply);
}
