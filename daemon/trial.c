/* trial.c: see trial.h. */
#define _GNU_SOURCE
#include "trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect.h"
#include "connection.h"
#include "daemon.h"
#include "deploy.h"
#include "event.h"
#include "facts.h"
#include "host/error.h"
#include "host/log.h"
#include "host/loop.h"
#include "policies.h"
#include "store.h"
#include "supervise.h"
#include "unikernel.h"

#define AGAIN_NS UINT64_C(100000000)

struct trial {
    struct connection *connection; /* NULL: nobody waits */
    struct loop_timer *timer;
    int64_t number;   /* of the release on trial */
    int64_t previous; /* of the one that comes back; 0: there is none */
    uint8_t digest[STORE_DIGEST_SIZE];
    struct owned *config;                  /* of the previous */
    struct policy_reservation reservation; /* for it */
    char why[256];
};

static void trial_free(struct unikernel *unikernel)
{
    struct trial *trial = unikernel->trial;
    loop_cancel(&trial->timer);
    policies_release(unikernel->daemon, &trial->reservation);
    owned_free(trial->config);
    free(trial);
    unikernel->trial = NULL;
}

static void peer_gone(void *context)
{
    struct trial *trial = context;
    trial->connection = NULL;
}

static int take_previous(void *context, const struct store_release *row)
{
    struct trial *trial = context;
    if (row->number >= trial->number || row->result != STORE_GOOD)
        return 0;
    trial->config =
        owned_decode(&wire_type_deploy, row->config, row->config_size, sizeof(struct wire_deploy), NULL);
    if (trial->config == NULL)
        return 0; /* a damaged one: the one before that */
    trial->previous = row->number;
    memcpy(trial->digest, row->digest, sizeof trial->digest);
    return 1;
}

static void time_is_over(void *context)
{
    struct unikernel *unikernel = context;
    struct trial *trial = unikernel->trial;
    trial->timer = NULL;
    if (unikernel->ended != NULL) /* it is being started again: the verdict waits for that */
        trial->timer = loop_after(unikernel->daemon->loop, AGAIN_NS, time_is_over, unikernel, NULL);
    else if (unikernel->state != WIRE_STATE_RUNNING)
        trial_failed(unikernel, "it does not run");
    else if (!unikernel->deploy->has_health)
        trial_passed(unikernel);
    else
        trial_failed(unikernel, unikernel->health.why[0] != '\0' ? unikernel->health.why
                                                                 : "its check has not passed in time");
}

static struct trial *trial_new(struct unikernel *unikernel, int64_t number, uint64_t time_ns)
{
    struct daemon *daemon = unikernel->daemon;
    struct trial *trial = calloc(1, sizeof *trial);
    if (trial == NULL)
        return NULL;
    trial->number = number;
    unikernel->trial = trial;
    unikernel->busy = true;
    store_releases(daemon->store, unikernel->name, take_previous, trial, NULL);
    if (trial->config != NULL) {
        trial->reservation.name = unikernel->name;
        trial->reservation.deploy = trial->config->value;
        trial->reservation.digest = trial->digest;
        policies_reserve(daemon, &trial->reservation);
    }
    trial->timer = loop_after(daemon->loop, time_ns, time_is_over, unikernel, NULL);
    return trial;
}

void trial_begin(struct unikernel *unikernel, const struct deploy_release *release,
                 struct connection *connection)
{
    struct error err = {0};
    uint64_t time_ns = unikernel->deploy->has_health ? release->within_ns : release->stay_ns;
    struct trial *trial = trial_new(unikernel, release->number, time_ns);
    if (trial != NULL && connection != NULL) {
        trial->connection = connection;
        connection_await(connection, peer_gone, trial);
    } else if (trial == NULL && connection != NULL) {
        error_set(&err, ENOMEM, "update", unikernel->name, "it runs, but is not watched");
        connection_fail(connection, &err);
    }
}

static int take_trial(void *context, const struct store_release *row)
{
    if (row->result != STORE_TRIAL)
        return 0;
    *(int64_t *)context = row->number;
    return 1;
}

void trial_resume(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->unikernel_count; i++) {
        struct unikernel *unikernel = daemon->unikernels[i];
        int64_t number = 0;
        store_releases(daemon->store, unikernel->name, take_trial, &number, NULL);
        if (number == 0)
            continue;
        log_info("%s: goes on with the trial of release %lld", unikernel->name, (long long)number);
        trial_new(unikernel, number, unikernel->deploy->has_health ? TRIAL_WITHIN_NS : TRIAL_STAY_NS);
        if (unikernel->pid == 0 && unikernel->trial != NULL && !unikernel_waits(unikernel))
            trial_failed(unikernel, "it had ended");
    }
}

static void reply_updated(struct unikernel *unikernel, struct connection *connection)
{
    struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_DEPLOYED};
    struct wire_arena arena = {0};
    if (unikernel_describe(unikernel, &arena, &reply.u.deployed) == 0)
        connection_reply_bivy(connection, &reply);
    wire_arena_free(&arena);
}

void trial_passed(struct unikernel *unikernel)
{
    struct trial *trial = unikernel->trial;
    struct daemon *daemon = unikernel->daemon;
    struct connection *connection = trial->connection;
    struct error err = {0};
    if (daemon->ending_all || unikernel->ended != NULL)
        return; /* the next daemon goes on with it */
    int result = store_release_result(daemon->store, unikernel->name, trial->number, STORE_GOOD,
                                      unikernel->deploy->has_health ? "passed its check" : "ran on", &err);
    long long number = (long long)trial->number;
    trial_free(unikernel);
    unikernel->busy = false;
    if (result < 0)
        log_failure(&err);
    else
        event_emit(daemon, WIRE_EVENT_KIND_CREATED, unikernel->name, unikernel,
                   "release %lld has proved itself", number);
    if (connection != NULL && result < 0)
        connection_fail(connection, &err);
    else if (connection != NULL)
        reply_updated(unikernel, connection);
    collect_later(daemon);
}

/* In one transaction: the release has failed, and the unikernel is of the previous one again. */
static int record_return(struct unikernel *unikernel, struct error *err)
{
    const struct trial *trial = unikernel->trial;
    struct store *store = unikernel->daemon->store;
    int result = store_begin(store, err);
    if (result == 0)
        result = store_release_result(store, unikernel->name, trial->number, STORE_BAD, trial->why, err);
    if (result == 0 && trial->config != NULL)
        result = store_unikernel_release(store, unikernel->id, trial->config->der.data,
                                         trial->config->der.size, trial->digest, err);
    if (result == 0)
        return store_commit(store, err);
    store_rollback(store);
    return result;
}

static void take_back(struct unikernel *unikernel)
{
    struct trial *trial = unikernel->trial;
    int64_t targets;
    struct error err = {0};
    struct owned *image = facts_find(
        unikernel->daemon, (struct wire_bytes){trial->digest, sizeof trial->digest}, &targets, &err);
    if (image != NULL) {
        owned_free(unikernel->image);
        unikernel->image = image;
    } else {
        log_failure(&err);
    }
    memcpy(unikernel->digest, trial->digest, sizeof unikernel->digest);
    unikernel_configure(unikernel, trial->config);
    trial->config = NULL;
}

static void answer_failure(struct unikernel *unikernel, bool back)
{
    const struct trial *trial = unikernel->trial;
    struct error err = {0};
    error_set(&err, ECANCELED, "update", unikernel->name, "release %lld failed: %s%s",
              (long long)trial->number, trial->why, back ? "; the one before is back" : "");
    event_emit(unikernel->daemon, WIRE_EVENT_KIND_FAILED, unikernel->name, unikernel, "%s", err.text);
    if (trial->connection != NULL)
        connection_fail(trial->connection, &err);
}

static void go_back(struct unikernel *unikernel)
{
    struct trial *trial = unikernel->trial;
    struct error err = {0};
    policies_release(unikernel->daemon, &trial->reservation);
    /* A disk that is full must not keep the old one from coming back: it is told again at the next start. */
    if (record_return(unikernel, &err) < 0)
        log_failure(&err);
    bool back = trial->config != NULL;
    if (back)
        take_back(unikernel);
    unikernel->attempt = 0;
    if (supervise_start(unikernel, &err) < 0)
        snprintf(unikernel->reason, sizeof unikernel->reason, "%.*s", (int)sizeof unikernel->reason - 1,
                 err.text);
    answer_failure(unikernel, back);
    trial_free(unikernel);
    unikernel->busy = false;
    if (unikernel->pid == 0)
        supervise_start_failed(unikernel, &err);
    collect_later(unikernel->daemon);
}

void trial_failed(struct unikernel *unikernel, const char *why)
{
    struct trial *trial = unikernel->trial;
    if (unikernel->daemon->ending_all || unikernel->ended != NULL)
        return;
    loop_cancel(&trial->timer);
    snprintf(trial->why, sizeof trial->why, "%s", why);
    supervise_end(unikernel, go_back, NULL);
}

void trial_drop(struct unikernel *unikernel)
{
    struct error err = {0};
    if (unikernel->trial == NULL || unikernel->ended != NULL)
        return;
    if (unikernel->trial->connection != NULL) {
        error_set(&err, ECANCELED, "update", unikernel->name, "it was destroyed meanwhile");
        connection_fail(unikernel->trial->connection, &err);
    }
    trial_free(unikernel);
    unikernel->busy = false;
}
