/*
 * install.c: puts an admitted deployment in the place of what was there, or brings that back; see
 * deployment.h.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "collect.h"
#include "connection.h"
#include "daemon.h"
#include "deployment.h"
#include "event.h"
#include "host/log.h"
#include "network.h"
#include "supervise.h"
#include "trial.h"

static void reply_deployed(struct deployment *deployment)
{
    struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_DEPLOYED};
    struct wire_arena arena = {0};
    if (deployment->connection == NULL)
        return;
    if (deployment->form == DEPLOY_ALBATROSS) {
        connection_reply_text(deployment->connection, "created unikernel");
        return;
    }
    if (unikernel_describe(deployment->new, &arena, &reply.u.deployed) == 0)
        connection_reply_bivy(deployment->connection, &reply);
    wire_arena_free(&arena);
}

static int64_t put_row(struct unikernel *unikernel, struct error *err)
{
    struct store_unikernel row = {.name = unikernel->name,
                                  .digest = unikernel->digest,
                                  .config = unikernel->config->der.data,
                                  .config_size = unikernel->config->der.size,
                                  .state = STORE_RUNNING,
                                  .exit_status = -1,
                                  .reason = "",
                                  .created_ms = unikernel->created_ms};
    return store_unikernel_put(unikernel->daemon->store, &row, err);
}

int deployment_put_image(struct deployment *deployment, bool kept, struct error *err)
{
    struct store_image row = {.digest = deployment->digest,
                              .info = deployment->image->der.data,
                              .info_size = deployment->image->der.size,
                              .targets = deployment->targets,
                              .kept = kept};
    return store_image_put(deployment->daemon->store, &row, err);
}

/* What it is from now on, to come back to. */
static int put_release(struct deployment *deployment, struct error *err)
{
    const struct owned *config = deployment->new->config;
    struct store_release row = {.name = deployment->name,
                                .digest = deployment->digest,
                                .config = config->der.data,
                                .config_size = config->der.size,
                                .created_ms = deployment->new->created_ms,
                                .author = deployment->author,
                                .result = deployment->release.trial ? STORE_TRIAL : STORE_GOOD,
                                .detail = deployment->release.what};
    int64_t number = store_release_put(deployment->daemon->store, &row, err);
    deployment->release.number = number;
    return number < 0 ? (int)number : 0;
}

/* The new desired state: one transaction, left open. */
static int record(struct deployment *deployment, struct error *err)
{
    struct store *store = deployment->daemon->store;
    int result = store_begin(store, err);
    if (result < 0)
        return result;
    if (deployment->upload.fd >= 0)
        result = deployment_put_image(deployment, false, err);
    int64_t id = result < 0 ? result : put_row(deployment->new, err);
    if (id >= 0)
        result = network_reserve(deployment->new, err);
    if (id >= 0 && result == 0)
        result = put_release(deployment, err);
    if (id < 0 || result < 0) {
        store_rollback(store);
        return id < 0 ? (int)id : result;
    }
    deployment->new->id = id;
    return 0;
}

/* The new one could not be recorded or started: what was before comes back. */
static void bring_back(struct deployment *deployment)
{
    struct unikernel *old = deployment->old;
    struct error err = {0};
    int64_t id = put_row(old, &err);
    if (id < 0)
        log_failure(&err);
    else
        old->id = id;
    unikernel_insert(old);
    old->busy = false;
    if (!deployment->old_ran) {
        if (old->state != WIRE_STATE_STOPPED)
            unikernel_move(old, STATE_PUT_ASIDE);
        store_unikernel_update(deployment->daemon->store, old->id, STORE_STOPPED, old->exit_status, "", NULL);
    } else if (supervise_start(old, &err) < 0) {
        supervise_start_failed(old, &err);
    }
}

static void install_failed(struct deployment *deployment, struct error *err)
{
    size_t size = strlen(err->text);
    unikernel_remove(deployment->new);
    if (deployment->old != NULL) {
        bring_back(deployment);
        snprintf(err->text + size, sizeof err->text - size, "; the one before is back");
    }
    unikernel_free(deployment->new);
    deployment->new = NULL;
    deployment_fail(deployment, err);
}

static int start_new(struct deployment *deployment, struct error *err)
{
    struct unikernel *new = deployment->new;
    int result = unikernel_insert(new);
    if (result < 0)
        return error_set(err, -result, "deploy", deployment->name, NULL);
    /* Until all is done, what was before must be able to come back. */
    if (deployment->old != NULL)
        deployment->reservation.deploy = deployment->old->deploy;
    memcpy(new->listeners, deployment->listeners, sizeof new->listeners);
    for (size_t i = 0; i < UNIKERNEL_PORTS_MAX; i++)
        deployment->listeners[i] = -1;
    event_emit(deployment->daemon, WIRE_EVENT_KIND_CREATED, new->name, new, "%s",
               deployment->release.trial ? deployment->release.what
               : deployment->old != NULL ? "replaced"
                                         : "created");
    return supervise_start(new, err);
}

static void unrecorded_ended(struct unikernel *new)
{
    struct deployment *deployment = new->operation;
    install_failed(deployment, &deployment->failure);
}

/* All is done, unless the new one must prove itself first: then it stays answerable for. */
static void finish(struct deployment *deployment)
{
    struct unikernel *new = deployment->new;
    collect_later(deployment->daemon);
    policies_release(deployment->daemon, &deployment->reservation);
    unikernel_free(deployment->old);
    if (deployment->release.trial)
        trial_begin(new, &deployment->release, deployment->connection);
    else
        reply_deployed(deployment);
    deployment_free(deployment);
}

/*
 * The old one, if any, has ended: the new one takes its place. It is started first and recorded while it
 * boots, since a disk may take as long as the guest; it is answered for once both are done. If this process
 * dies in between, the next one finds a child that nobody recorded, and ends it (supervise_open).
 */
static void install(struct deployment *deployment)
{
    struct error err = {0};
    struct store *store = deployment->daemon->store;
    if (deployment->old != NULL)
        unikernel_remove(deployment->old);
    int result = record(deployment, &err);
    if (result == 0) {
        result = start_new(deployment, &err);
        if (result < 0)
            store_rollback(store);
    }
    if (result < 0) {
        install_failed(deployment, &err);
        return;
    }
    if (store_commit(store, &deployment->failure) < 0) {
        deployment->new->busy = true;
        supervise_end(deployment->new, unrecorded_ended, deployment);
        return;
    }
    finish(deployment);
}

static void old_ended(struct unikernel *old)
{
    install(old->operation);
}

void deployment_install(struct deployment *deployment)
{
    if (deployment->old == NULL) {
        install(deployment);
        return;
    }
    deployment->old->busy = true;
    deployment->old_ran = deployment->old->pid != 0 || unikernel_waits(deployment->old);
    supervise_end(deployment->old, old_ended, deployment);
}
