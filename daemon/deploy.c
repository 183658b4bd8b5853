/* deploy.c: from a request to a running unikernel; see deploy.h. */
#define _GNU_SOURCE
#include "deployment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admit.h"
#include "check.h"
#include "connection.h"
#include "daemon.h"
#include "event.h"
#include "facts.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "image.h"
#include "network.h"
#include "policies.h"
#include "ports.h"
#include "store.h"
#include "supervise.h"
#include "unikernel.h"

void deployment_free(struct deployment *deployment)
{
    policies_release(deployment->daemon, &deployment->reservation);
    check_cancel(&deployment->check);
    image_upload_end(&deployment->upload, deployment->daemon->image_dir);
    image_upload_end(&deployment->inflated, deployment->daemon->image_dir);
    for (size_t i = 0; i < UNIKERNEL_PORTS_MAX; i++)
        fd_close(&deployment->listeners[i]);
    owned_free(deployment->config);
    owned_free(deployment->image);
    wire_arena_free(&deployment->arena);
    free(deployment);
}

static struct deployment *deployment_new(struct connection *connection)
{
    struct error err = {0};
    struct deployment *deployment = calloc(1, sizeof *deployment);
    if (deployment == NULL) {
        error_set(&err, ENOMEM, "deploy", connection_query(connection), NULL);
        connection_fail(connection, &err);
        return NULL;
    }
    deployment->daemon = connection_daemon(connection);
    deployment->connection = connection;
    deployment->upload.fd = -1;
    deployment->inflated.fd = -1;
    for (size_t i = 0; i < UNIKERNEL_PORTS_MAX; i++)
        deployment->listeners[i] = -1;
    deployment->release = (struct deploy_release){.what = "deployed"};
    connection_author(connection, deployment->author);
    snprintf(deployment->name, sizeof deployment->name, "%s", connection_query(connection));
    return deployment;
}

void deployment_fail(struct deployment *deployment, const struct error *err)
{
    if (deployment->config != NULL)
        event_emit(deployment->daemon, WIRE_EVENT_KIND_REFUSED, deployment->name, NULL, "refused: %s",
                   err->text);
    if (deployment->connection != NULL)
        connection_fail(deployment->connection, err);
    deployment_free(deployment);
}

static void peer_gone(void *context)
{
    struct deployment *deployment = context;
    deployment->connection = NULL;
}

static struct wire_deploy *deployment_config(struct deployment *deployment)
{
    return deployment->config->value;
}

/* The one that is to be replaced; -EEXIST if that was not asked for. */
static int find_old(struct deployment *deployment, struct error *err)
{
    deployment->old = unikernel_find(deployment->daemon, deployment->name);
    if (deployment->old == NULL)
        return deployment->release.trial
                   ? error_set(err, ENOENT, "unikernel", deployment->name, "it was destroyed meanwhile")
                   : 0;
    if (!deployment_config(deployment)->force) {
        error_set(err, EEXIST, "unikernel", deployment->name, "it exists already");
        error_hint(err, "replace it with --force, or choose another name");
        return -EEXIST;
    }
    if (deployment->old->busy)
        return error_set(err, EBUSY, "unikernel", deployment->name, "another operation on it is going on");
    return 0;
}

/* Everything that can be said before the image is known. */
static int admit(struct deployment *deployment, const struct wire_deploy *deploy, struct error *err)
{
    deployment->config = owned_copy(&wire_type_deploy, deploy, sizeof *deploy, err);
    if (deployment->config == NULL)
        return -EINVAL;
    int result =
        deployment->daemon->ending ? error_set(err, ESHUTDOWN, "deploy", NULL, "the daemon is ending") : 0;
    if (result == 0)
        result = admit_config(deployment->daemon, deployment->name, deploy, err);
    if (result == 0)
        result = find_old(deployment, err);
    if (result == 0)
        result =
            ports_open(deployment_config(deployment),
                       deployment->old != NULL ? deployment->old->deploy : NULL, deployment->listeners, err);
    /* The switch starts while the image travels. */
    if (result == 0)
        result = network_prepare(deployment->daemon, deployment->name, deploy, err);
    return result;
}

static int prepare_new(struct deployment *deployment, struct error *err)
{
    struct wire_deploy *deploy = deployment_config(deployment);
    deploy->image.kind = WIRE_DEPLOY_IMAGE_DIGEST;
    deploy->image.u.digest = (struct wire_bytes){deployment->digest, sizeof deployment->digest};
    int result = find_old(deployment, err);
    if (result == 0)
        result = admit_image(deployment->daemon, deployment->name, deploy, deployment->image->value,
                             deployment->targets, deployment->fill, &deployment->arena, err);
    if (result == 0 && deployment->upload.fd >= 0) {
        struct image_upload *kept =
            deployment->inflated.fd >= 0 ? &deployment->inflated : &deployment->upload;
        result = image_upload_keep(kept, deployment->daemon->image_dir, deployment->digest, err);
    }
    if (result < 0)
        return result;
    struct owned *config = owned_copy(&wire_type_deploy, deploy, sizeof *deploy, err);
    struct owned *image = owned_decode(&wire_type_image_info, deployment->image->der.data,
                                       deployment->image->der.size, sizeof(struct wire_image_info), err);
    if (config == NULL || image == NULL) {
        owned_free(config);
        owned_free(image);
        return -ENOMEM;
    }
    deployment->new = unikernel_create(deployment->daemon, deployment->name, config, image);
    if (deployment->new == NULL)
        return error_set(err, ENOMEM, "deploy", deployment->name, NULL);
    deployment->reservation.name = deployment->name;
    deployment->reservation.deploy = deployment->new->deploy;
    deployment->reservation.digest = deployment->digest;
    policies_reserve(deployment->daemon, &deployment->reservation);
    return 0;
}

/* The image is known: hold the configuration against it, then replace what is there. */
static void deployment_finish(struct deployment *deployment)
{
    struct error err = {0};
    if (prepare_new(deployment, &err) < 0) {
        deployment_fail(deployment, &err);
        return;
    }
    if (deployment->connection != NULL)
        connection_await(deployment->connection, peer_gone, deployment);
    deployment_install(deployment);
}

static void finish_image_only(struct deployment *deployment)
{
    struct error err = {0};
    int result =
        image_upload_keep(&deployment->upload, deployment->daemon->image_dir, deployment->digest, &err);
    if (result == 0)
        result = deployment_put_image(deployment, true, &err);
    if (result < 0) {
        deployment_fail(deployment, &err);
        return;
    }
    struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_IMAGE,
                                    .u.image = *(struct wire_image_info *)deployment->image->value};
    if (deployment->connection != NULL)
        connection_reply_bivy(deployment->connection, &reply);
    deployment_free(deployment);
}

static int take_digest(struct deployment *deployment, struct error *err)
{
    struct image_upload *upload = &deployment->upload;
    if (deployment->inflated.fd >= 0) {
        upload = &deployment->inflated;
        int result = image_upload_rehash(upload, err);
        if (result < 0)
            return result;
    }
    image_upload_digest(upload, deployment->digest);
    if (deployment->has_wanted &&
        memcmp(deployment->wanted, deployment->digest, sizeof deployment->digest) != 0)
        return error_set(err, EBADMSG, "receive", "image", "it is not the one announced: its digest differs");
    return 0;
}

static void checked(void *context, int code, const struct check_reply *reply, const struct error *why)
{
    struct deployment *deployment = context;
    struct error err = *why;
    deployment->check = NULL;
    if (deployment->connection == NULL) {
        deployment_free(deployment); /* nobody waits for it any more */
        return;
    }
    int result = code < 0 ? code : take_digest(deployment, &err);
    if (result == 0) {
        uint64_t size = deployment->inflated.fd >= 0 ? deployment->inflated.size : deployment->upload.size;
        deployment->image = facts_of_check(reply, deployment->digest, size, &err);
        deployment->targets = reply->targets;
        result = deployment->image == NULL ? -EINVAL : 0;
    }
    if (result < 0)
        deployment_fail(deployment, &err);
    else if (deployment->config == NULL)
        finish_image_only(deployment);
    else
        deployment_finish(deployment);
}

static int start_checker(struct deployment *deployment, struct error *err)
{
    cleanup_fd int input = image_upload_reopen(&deployment->upload, err);
    if (input < 0)
        return input;
    deployment->check = check_start(deployment->daemon->loop, input, deployment->inflated.fd, IMAGE_SIZE_MAX,
                                    checked, deployment, err);
    return deployment->check == NULL ? -EIO : 0;
}

/* All bytes are here. The disk begins to take them while they are looked at. */
static void received(struct deployment *deployment)
{
    image_upload_flush(&deployment->upload);
    connection_await(deployment->connection, peer_gone, deployment);
    check_begin(deployment->check);
}

static int take_chunk(void *context, const uint8_t *data, size_t size)
{
    struct deployment *deployment = context;
    struct error err = {0};
    int result = 0;
    if (data == NULL && size == 1) {
        deployment_free(deployment);
        return -ECONNRESET;
    }
    if (size > 0)
        result = image_upload_write(&deployment->upload, data, size, &err);
    else if (deployment->upload.size != deployment->expected)
        result =
            error_set(&err, EBADMSG, "receive", "image", "%llu bytes came, %llu were announced",
                      (unsigned long long)deployment->upload.size, (unsigned long long)deployment->expected);
    if (result < 0)
        deployment_fail(deployment, &err);
    else if (size == 0)
        received(deployment);
    return result;
}

static int begin_upload(struct deployment *deployment, int64_t size, struct error *err)
{
    if (size < 1 || (uint64_t)size > IMAGE_SIZE_MAX)
        return error_set(err, EFBIG, "receive", "image", "an image has 1 to %llu bytes",
                         (unsigned long long)IMAGE_SIZE_MAX);
    deployment->expected = (uint64_t)size;
    int result = image_upload_begin(&deployment->upload, deployment->daemon->image_dir, deployment->expected,
                                    deployment->expected, err);
    return result == 0 ? start_checker(deployment, err) : result;
}

static void reply_ready(struct connection *connection, bool send_chunks)
{
    struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_READY, .u.ready = send_chunks};
    connection_keep(connection);
    connection_reply_bivy(connection, &reply);
}

static int use_stored(struct deployment *deployment, struct wire_bytes digest, struct error *err)
{
    deployment->image = facts_find(deployment->daemon, digest, &deployment->targets, err);
    if (deployment->image == NULL)
        return -ENOENT;
    memcpy(deployment->digest, digest.data, sizeof deployment->digest);
    return 0;
}

void deploy_begin(struct connection *connection, enum deploy_form form, const struct wire_deploy *deploy)
{
    deploy_as(connection, form, deploy, &(struct deploy_release){.what = "deployed"});
}

void deploy_as(struct connection *connection, enum deploy_form form, const struct wire_deploy *deploy,
               const struct deploy_release *release)
{
    struct error err = {0};
    struct deployment *deployment = deployment_new(connection);
    if (deployment == NULL)
        return;
    deployment->release = *release;
    bool upload = deploy->image.kind == WIRE_DEPLOY_IMAGE_UPLOAD;
    deployment->form = form;
    deployment->fill = form == DEPLOY_BIVY;
    int result = admit(deployment, deploy, &err);
    if (result == 0)
        result = upload ? begin_upload(deployment, deploy->image.u.upload, &err)
                        : use_stored(deployment, deploy->image.u.digest, &err);
    if (result < 0) {
        deployment_fail(deployment, &err);
        return;
    }
    if (form == DEPLOY_BIVY)
        reply_ready(connection, upload);
    if (upload)
        connection_upload(connection, take_chunk, deployment);
    else
        deployment_finish(deployment);
}

void deploy_with_image(struct connection *connection, const struct wire_deploy *deploy,
                       struct wire_bytes image, bool compressed)
{
    struct error err = {0};
    struct deployment *deployment = deployment_new(connection);
    if (deployment == NULL)
        return;
    deployment->form = DEPLOY_ALBATROSS;
    int result = admit(deployment, deploy, &err);
    if (result == 0)
        result = image_upload_begin(&deployment->upload, deployment->daemon->image_dir, IMAGE_SIZE_MAX,
                                    image.size, &err);
    if (result == 0 && compressed)
        result =
            image_upload_begin(&deployment->inflated, deployment->daemon->image_dir, IMAGE_SIZE_MAX, 0, &err);
    if (result == 0)
        result = image_upload_write(&deployment->upload, image.data, image.size, &err);
    if (result == 0)
        result = start_checker(deployment, &err);
    if (result < 0)
        deployment_fail(deployment, &err);
    else
        received(deployment);
}

void deploy_image_only(struct connection *connection, const struct wire_image_add *add)
{
    struct error err = {0};
    struct deployment *deployment = deployment_new(connection);
    if (deployment == NULL)
        return;
    if (add->has_digest && use_stored(deployment, add->digest, NULL) == 0) {
        struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_IMAGE,
                                        .u.image = *(struct wire_image_info *)deployment->image->value};
        reply_ready(connection, false);
        connection_reply_bivy(connection, &reply);
        deployment_free(deployment);
        return;
    }
    deployment->has_wanted = add->has_digest;
    if (add->has_digest)
        memcpy(deployment->wanted, add->digest.data, sizeof deployment->wanted);
    if (begin_upload(deployment, add->size, &err) < 0) {
        deployment_fail(deployment, &err);
        return;
    }
    reply_ready(connection, true);
    connection_upload(connection, take_chunk, deployment);
}
