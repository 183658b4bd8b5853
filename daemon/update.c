/* update.c: see update.h. All three are replacements (deploy.h) by a configuration made here. */
#define _GNU_SOURCE
#include "update.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "daemon.h"
#include "deploy.h"
#include "host/error.h"
#include "owned.h"
#include "store.h"
#include "trial.h"
#include "unikernel.h"

#define TIME_MOST_MS INT64_C(3600000)
#define NS_OF_MS     UINT64_C(1000000)

/* Both times of a trial, 0 meaning the usual; 0 or -EINVAL. */
static int take_times(struct deploy_release *release, const char *name, int64_t within_ms, int64_t stay_ms,
                      struct error *err)
{
    if (within_ms < 0 || within_ms > TIME_MOST_MS || stay_ms < 0 || stay_ms > TIME_MOST_MS)
        return error_set(err, EINVAL, "update", name, "a time is at most an hour");
    release->trial = true;
    release->within_ns = within_ms == 0 ? TRIAL_WITHIN_NS : (uint64_t)within_ms * NS_OF_MS;
    release->stay_ns = stay_ms == 0 ? TRIAL_STAY_NS : (uint64_t)stay_ms * NS_OF_MS;
    return 0;
}

/* The unikernel that the connection means, if it can be replaced by one that must prove itself. */
static const struct unikernel *take_running(struct connection *connection, struct error *err)
{
    const struct unikernel *unikernel =
        unikernel_take(connection_daemon(connection), connection_query(connection), err);
    if (unikernel == NULL || unikernel->state != WIRE_STATE_STOPPED)
        return unikernel;
    error_set(err, EPERM, "update", unikernel->name, "it is stopped, and can prove nothing");
    error_hint(err, "start it first, or replace it with deploy --force");
    return NULL;
}

void update_image(struct connection *connection, const struct wire_update *update)
{
    struct error err = {0};
    struct deploy_release release = {.what = "updated"};
    const struct unikernel *unikernel = take_running(connection, &err);
    if (unikernel == NULL ||
        take_times(&release, unikernel->name, update->within_ms, update->stay_ms, &err) < 0) {
        connection_fail(connection, &err);
        return;
    }
    struct wire_deploy deploy = *unikernel->deploy;
    deploy.force = true;
    if (update->image.kind == WIRE_UPDATE_IMAGE_DIGEST) {
        deploy.image.kind = WIRE_DEPLOY_IMAGE_DIGEST;
        deploy.image.u.digest = update->image.u.digest;
    } else {
        deploy.image.kind = WIRE_DEPLOY_IMAGE_UPLOAD;
        deploy.image.u.upload = update->image.u.upload;
    }
    if (update->has_check) {
        deploy.has_health = true;
        deploy.health = update->check;
    }
    deploy_as(connection, DEPLOY_BIVY, &deploy, &release);
}

/* Looks for a release to go back to: the one of a number, or the second good one from above. */
struct search {
    int64_t wanted, current; /* current: 0 before it is met */
    int64_t number;
    struct owned *config;
    struct error *err;
};

static int search_one(void *context, const struct store_release *row)
{
    struct search *search = context;
    bool good = row->result == STORE_GOOD;
    if (good && search->current == 0) {
        search->current = row->number;
        if (search->wanted == 0)
            return 0;
    }
    if (search->wanted != 0 ? row->number != search->wanted : !good)
        return 0;
    search->number = row->number;
    search->config = owned_decode(&wire_type_deploy, row->config, row->config_size,
                                  sizeof(struct wire_deploy), search->err);
    return 1;
}

void update_rollback(struct connection *connection, const struct wire_rollback *rollback)
{
    struct error err = {0};
    struct deploy_release release = {0};
    struct search search = {.wanted = rollback->release, .err = &err};
    const struct unikernel *unikernel = take_running(connection, &err);
    int result = unikernel == NULL
                     ? -EPERM
                     : take_times(&release, unikernel->name, rollback->within_ms, rollback->stay_ms, &err);
    if (result == 0)
        result =
            store_releases(connection_daemon(connection)->store, unikernel->name, search_one, &search, &err);
    if (result >= 0 && search.config == NULL && err.code == 0) {
        if (rollback->release != 0)
            error_set(&err, ENOENT, "rollback", unikernel->name, "there is no release %lld",
                      (long long)rollback->release);
        else
            error_set(&err, ENOENT, "rollback", unikernel->name, "there is no earlier good release");
        error_hint(&err, "bivy history lists the releases");
    }
    if (search.config == NULL) {
        connection_fail(connection, &err);
        return;
    }
    snprintf(release.what, sizeof release.what, "rollback to %lld", (long long)search.number);
    struct wire_deploy deploy = *(const struct wire_deploy *)search.config->value;
    deploy.force = true;
    deploy_as(connection, DEPLOY_BIVY, &deploy, &release);
    owned_free(search.config);
}

void update_restart(struct connection *connection, const struct wire_restart_with *changes)
{
    struct error err = {0};
    const struct unikernel *unikernel =
        unikernel_take(connection_daemon(connection), connection_query(connection), &err);
    if (unikernel == NULL) {
        connection_fail(connection, &err);
        return;
    }
    struct wire_deploy deploy = *unikernel->deploy;
    deploy.force = true;
    if (changes->has_memory)
        deploy.memory = changes->memory;
    if (changes->has_arguments)
        deploy.arguments = changes->arguments;
    deploy_as(connection, DEPLOY_BIVY, &deploy,
              &(struct deploy_release){.what = "restarted with another configuration"});
}

/* The rows of the history, decoded until the answer is sent. */
struct history {
    struct wire_release items[STORE_RELEASES_MAX + 1];
    struct owned *configs[STORE_RELEASES_MAX + 1];
    size_t count;
    int64_t current;
    struct wire_arena arena;
};

static struct wire_bytes keep(struct history *history, const void *data, size_t size)
{
    void *copy = wire_arena_take(&history->arena, size + 1, NULL);
    if (copy == NULL)
        return wire_text("");
    memcpy(copy, data, size);
    return (struct wire_bytes){copy, size};
}

static int history_one(void *context, const struct store_release *row)
{
    struct history *history = context;
    struct owned *config =
        owned_decode(&wire_type_deploy, row->config, row->config_size, sizeof(struct wire_deploy), NULL);
    if (config == NULL || history->count == sizeof history->items / sizeof *history->items) {
        owned_free(config);
        return 0;
    }
    const struct wire_deploy *deploy = config->value;
    if (history->current == 0 && row->result != STORE_BAD)
        history->current = row->number;
    history->configs[history->count] = config;
    history->items[history->count++] =
        (struct wire_release){.number = row->number,
                              .digest = keep(history, row->digest, STORE_DIGEST_SIZE),
                              .created = row->created_ms,
                              .author = keep(history, row->author, strlen(row->author)),
                              .result = (int64_t)row->result,
                              .current = row->number == history->current,
                              .detail = keep(history, row->detail, strlen(row->detail)),
                              .memory = deploy->memory,
                              .arguments = deploy->arguments};
    return 0;
}

void update_history(struct connection *connection)
{
    struct error err = {0};
    struct history history = {0};
    struct daemon *daemon = connection_daemon(connection);
    struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_RELEASES};
    const struct unikernel *unikernel = unikernel_find(daemon, connection_query(connection));
    if (unikernel == NULL)
        error_set(&err, ENOENT, "unikernel", connection_query(connection), "not found");
    else
        store_releases(daemon->store, unikernel->name, history_one, &history, &err);
    reply.u.releases.count = history.count;
    reply.u.releases.items = history.items;
    if (err.code != 0)
        connection_fail(connection, &err);
    else
        connection_reply_bivy(connection, &reply);
    for (size_t i = 0; i < history.count; i++)
        owned_free(history.configs[i]);
    wire_arena_free(&history.arena);
}
