/*
 * command.c: the commands; see command.h. One table for ours, one for Albatross's unikernel commands;
 * the other kinds have too few to need one.
 */
#define _GNU_SOURCE
#include "command.h"

#include <errno.h>
#include <string.h>

#include "collect.h"
#include "connection.h"
#include "console.h"
#include "convert.h"
#include "daemon.h"
#include "deploy.h"
#include "event.h"
#include "facts.h"
#include "host/error.h"
#include "host/fd.h"
#include "image.h"
#include "lifecycle.h"
#include "networks.h"
#include "policies.h"
#include "query.h"
#include "scope.h"
#include "store.h"
#include "unikernel.h"
#include "update.h"

static void unknown(struct connection *connection)
{
    struct error err = {0};
    error_set(&err, ENOSYS, "command", NULL, "unknown command, or one for another socket");
    connection_fail(connection, &err);
}

/* A command about one unikernel needs a full name. */
static bool needs_label(struct connection *connection)
{
    struct error err = {0};
    if (!scope_is_path(connection_query(connection)))
        return true;
    error_set(&err, EINVAL, "unikernel", connection_query(connection), "a path, not a unikernel's name");
    connection_fail(connection, &err);
    return false;
}

/* Albatross's create, of any version, its configuration converted. */
static void create(struct connection *connection, const struct wire_deploy *converted, bool force,
                   struct wire_bytes image, bool compressed)
{
    struct wire_deploy deploy = *converted;
    deploy.force = force;
    deploy.image.kind = WIRE_DEPLOY_IMAGE_UPLOAD;
    deploy.image.u.upload = (int64_t)image.size;
    deploy_with_image(connection, &deploy, image, compressed);
}

static void run_create(struct connection *connection, const struct wire_unikernel_cmd *command)
{
    struct wire_arena arena = {0};
    struct wire_deploy deploy;
    struct error err = {0};
    int result;
    struct wire_bytes image;
    bool compressed;
    bool force = command->kind == WIRE_UNIKERNEL_CMD_FORCE_CREATE ||
                 command->kind == WIRE_UNIKERNEL_CMD_FORCE_CREATE_V3 ||
                 command->kind == WIRE_UNIKERNEL_CMD_FORCE_CREATE_V4;
    if (command->kind == WIRE_UNIKERNEL_CMD_CREATE || command->kind == WIRE_UNIKERNEL_CMD_FORCE_CREATE) {
        result = convert_config(&command->u.create, &arena, &deploy, &err);
        image = command->u.create.image;
        compressed = command->u.create.compressed;
    } else if (command->kind == WIRE_UNIKERNEL_CMD_CREATE_V4 ||
               command->kind == WIRE_UNIKERNEL_CMD_FORCE_CREATE_V4) {
        result = convert_config_v4(&command->u.create_v4, &arena, &deploy, &err);
        image = command->u.create_v4.image;
        compressed = command->u.create_v4.compressed;
    } else {
        result = convert_config_v3(&command->u.create_v3, &arena, &deploy, &err);
        image = command->u.create_v3.image;
        compressed = command->u.create_v3.compressed;
    }
    if (result < 0)
        connection_fail(connection, &err);
    else
        create(connection, &deploy, force, image, compressed);
    wire_arena_free(&arena);
}

/* With new arguments it is a replacement by the same image: everything is checked before anything ends. */
static void run_restart(struct connection *connection, const struct wire_unikernel_cmd *command)
{
    struct wire_arena arena = {0};
    struct wire_deploy deploy;
    struct error err = {0};
    if (command->u.restart.kind == WIRE_UNIKERNEL_CMD_RESTART_NONE) {
        lifecycle_restart(connection);
        return;
    }
    const struct unikernel *unikernel =
        unikernel_take(connection_daemon(connection), connection_query(connection), &err);
    if (unikernel == NULL || convert_restart(&command->u.restart, &arena, &deploy, &err) < 0) {
        connection_fail(connection, &err);
    } else {
        deploy.force = true;
        deploy.tender = unikernel->deploy->tender;
        deploy.ports.count = unikernel->deploy->ports.count;
        deploy.ports.items = unikernel->deploy->ports.items;
        deploy.has_health = unikernel->deploy->has_health;
        deploy.health = unikernel->deploy->health;
        deploy.image.kind = WIRE_DEPLOY_IMAGE_DIGEST;
        deploy.image.u.digest = (struct wire_bytes){unikernel->digest, sizeof unikernel->digest};
        deploy_begin(connection, DEPLOY_ALBATROSS, &deploy);
    }
    wire_arena_free(&arena);
}

static void run_unikernel(struct connection *connection, const struct wire_unikernel_cmd *command)
{
    switch (command->kind) {
    case WIRE_UNIKERNEL_CMD_INFO:
        query_info(connection);
        return;
    case WIRE_UNIKERNEL_CMD_INFO_V5:
        query_info_v5(connection);
        return;
    case WIRE_UNIKERNEL_CMD_INFO_V4:
        query_info_v4(connection);
        return;
    default:
        if (!needs_label(connection))
            return;
    }
    if (command->kind == WIRE_UNIKERNEL_CMD_DESTROY)
        lifecycle_destroy(connection);
    else if (command->kind == WIRE_UNIKERNEL_CMD_GET)
        query_image_of(connection, command->u.get);
    else if (command->kind == WIRE_UNIKERNEL_CMD_RESTART)
        run_restart(connection, command);
    else
        run_create(connection, command);
}

static void run_policy(struct connection *connection, const struct wire_policy_cmd *command)
{
    struct daemon *daemon = connection_daemon(connection);
    struct error err = {0};
    int result;
    char path[SCOPE_NAME_SIZE + 1];
    if (command->kind == WIRE_POLICY_CMD_INFO) {
        query_policies(connection);
        return;
    }
    query_policy_path(connection_query(connection), path);
    if (command->kind == WIRE_POLICY_CMD_ADD)
        result = policies_add(daemon, path, &command->u.add, &err);
    else
        result = policies_remove(daemon, path, &err);
    if (result < 0) {
        connection_fail(connection, &err);
        return;
    }
    /* Another command may follow an addition (section 4). */
    if (command->kind == WIRE_POLICY_CMD_ADD) {
        connection_keep(connection);
        connection_reply_text(connection, result == 1 ? "no modification of policy" : "added policy");
    } else {
        connection_reply_text(connection, "removed policy");
    }
}

/* Opens the console, answers WORD, and streams from where POSITION says. */
static void subscribe(struct connection *connection, const struct wire_console_cmd_subscribe *from)
{
    struct daemon *daemon = connection_daemon(connection);
    struct error err = {0};
    /* A console may be waited for before its unikernel exists. */
    cleanup_fd int ring = console_open(daemon, connection_query(connection), true, &err);
    struct console_reader *reader =
        ring < 0 ? NULL : console_reader_open(daemon, connection_query(connection), &err);
    if (reader == NULL) {
        connection_fail(connection, &err);
        return;
    }
    if (from->kind == WIRE_CONSOLE_CMD_SUBSCRIBE_COUNT)
        console_reader_tail(reader, from->u.count < 0 ? 0 : (size_t)from->u.count);
    else
        console_reader_since(reader, from->u.since);
    connection_keep(connection);
    connection_reply_text(connection, unikernel_find(daemon, connection_query(connection)) != NULL
                                          ? "subscribed"
                                          : "waiting for VM");
    connection_follow_console(connection, reader, false, true);
}

static void run_console(struct connection *connection, const struct wire_console_cmd *command)
{
    if (!connection_on_console_socket(connection))
        unknown(connection);
    else if (command->kind == WIRE_CONSOLE_CMD_LIST_INACTIVE)
        query_consoles(connection);
    else if (command->kind != WIRE_CONSOLE_CMD_SUBSCRIBE)
        unknown(connection);
    else if (needs_label(connection))
        subscribe(connection, &command->u.subscribe);
}

static void reply_done(struct connection *connection, const char *text)
{
    struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_DONE, .u.done = wire_text(text)};
    connection_reply_bivy(connection, &reply);
}

static void do_deploy(struct connection *connection, const struct wire_bivy_request *request)
{
    deploy_begin(connection, DEPLOY_BIVY, &request->u.deploy);
}

static void do_list(struct connection *connection, const struct wire_bivy_request *request)
{
    (void)request;
    query_list(connection);
}

static void do_stop(struct connection *connection, const struct wire_bivy_request *request)
{
    (void)request;
    lifecycle_stop(connection);
}

static void do_start(struct connection *connection, const struct wire_bivy_request *request)
{
    (void)request;
    lifecycle_start(connection);
}

static void do_image_add(struct connection *connection, const struct wire_bivy_request *request)
{
    deploy_image_only(connection, &request->u.image_add);
}

static void do_image_list(struct connection *connection, const struct wire_bivy_request *request)
{
    (void)request;
    query_images(connection);
}

static void do_image_info(struct connection *connection, const struct wire_bivy_request *request)
{
    query_image(connection, request->u.image_info);
}

static void do_image_remove(struct connection *connection, const struct wire_bivy_request *request)
{
    struct daemon *daemon = connection_daemon(connection);
    struct error err = {0};
    int64_t targets;
    struct owned *owned = facts_find(daemon, request->u.image_remove, &targets, &err);
    const uint8_t *digest = request->u.image_remove.data;
    int result = owned == NULL ? -ENOENT : 0;
    for (size_t i = 0; result == 0 && i < daemon->unikernel_count; i++)
        if (memcmp(daemon->unikernels[i]->digest, digest, STORE_DIGEST_SIZE) == 0) {
            result = error_set(&err, EBUSY, "remove image", NULL, "unikernel %s uses it",
                               daemon->unikernels[i]->name);
            error_hint(&err, "destroy the unikernel first");
        }
    if (result == 0)
        result = collect_check_unused(daemon, digest, &err);
    /* The row first: a file without a row is only space, a row without a file is a promise broken. */
    if (result == 0)
        result = store_image_delete(daemon->store, digest, &err);
    if (result == 0)
        result = image_remove(daemon->image_dir, digest, &err);
    owned_free(owned);
    if (result < 0)
        connection_fail(connection, &err);
    else
        reply_done(connection, "removed image");
}

static void do_host(struct connection *connection, const struct wire_bivy_request *request)
{
    (void)request;
    query_host(connection);
}

static void do_console(struct connection *connection, const struct wire_bivy_request *request)
{
    const struct wire_console_follow *from = &request->u.console;
    struct error err = {0};
    struct console_reader *reader =
        console_reader_open(connection_daemon(connection), connection_query(connection), &err);
    if (reader == NULL) {
        connection_fail(connection, &err);
        return;
    }
    if (from->after >= 0)
        console_reader_after(reader, from->after);
    else
        console_reader_tail(reader, from->tail < 0 ? 0 : (size_t)from->tail);
    connection_keep(connection);
    reply_done(connection, "");
    connection_follow_console(connection, reader, true, from->follow);
}

static void do_events(struct connection *connection, const struct wire_bivy_request *request)
{
    struct error err = {0};
    connection_keep(connection);
    reply_done(connection, "");
    /* A negative number: from now on. */
    if (request->u.events >= 0 && event_replay(connection_daemon(connection), connection_query(connection),
                                               request->u.events, connection, &err) < 0) {
        connection_fail(connection, &err);
        return;
    }
    connection_follow_events(connection);
}

static void do_shutdown(struct connection *connection, const struct wire_bivy_request *request)
{
    (void)request;
    lifecycle_shutdown(connection);
}

static void do_network_create(struct connection *connection, const struct wire_bivy_request *request)
{
    networks_create(connection, &request->u.network_create);
}

static void do_network_list(struct connection *connection, const struct wire_bivy_request *request)
{
    (void)request;
    networks_list(connection);
}

static void do_network_remove(struct connection *connection, const struct wire_bivy_request *request)
{
    (void)request;
    networks_remove(connection);
}

static void do_update(struct connection *connection, const struct wire_bivy_request *request)
{
    update_image(connection, &request->u.update);
}

static void do_rollback(struct connection *connection, const struct wire_bivy_request *request)
{
    update_rollback(connection, &request->u.rollback);
}

static void do_history(struct connection *connection, const struct wire_bivy_request *request)
{
    (void)request;
    update_history(connection);
}

static void do_restart(struct connection *connection, const struct wire_bivy_request *request)
{
    update_restart(connection, &request->u.restart);
}

static const struct {
    void (*run)(struct connection *connection, const struct wire_bivy_request *request);
    bool label;      /* about one unikernel */
    bool on_console; /* the console's socket takes it too */
} requests[] = {
    [WIRE_BIVY_REQUEST_DEPLOY] = {do_deploy, true, false},
    [WIRE_BIVY_REQUEST_LIST] = {do_list, false, false},
    [WIRE_BIVY_REQUEST_STOP] = {do_stop, true, false},
    [WIRE_BIVY_REQUEST_START] = {do_start, true, false},
    [WIRE_BIVY_REQUEST_IMAGE_ADD] = {do_image_add, false, false},
    [WIRE_BIVY_REQUEST_IMAGE_LIST] = {do_image_list, false, false},
    [WIRE_BIVY_REQUEST_IMAGE_INFO] = {do_image_info, false, false},
    [WIRE_BIVY_REQUEST_IMAGE_REMOVE] = {do_image_remove, false, false},
    [WIRE_BIVY_REQUEST_HOST] = {do_host, false, false},
    [WIRE_BIVY_REQUEST_CONSOLE] = {do_console, true, true},
    [WIRE_BIVY_REQUEST_EVENTS] = {do_events, false, false},
    [WIRE_BIVY_REQUEST_UPDATE] = {do_update, true, false},
    [WIRE_BIVY_REQUEST_ROLLBACK] = {do_rollback, true, false},
    [WIRE_BIVY_REQUEST_HISTORY] = {do_history, true, false},
    [WIRE_BIVY_REQUEST_RESTART] = {do_restart, true, false},
    [WIRE_BIVY_REQUEST_SHUTDOWN] = {do_shutdown, false, false},
    [WIRE_BIVY_REQUEST_NETWORK_CREATE] = {do_network_create, true, false},
    [WIRE_BIVY_REQUEST_NETWORK_LIST] = {do_network_list, false, false},
    [WIRE_BIVY_REQUEST_NETWORK_REMOVE] = {do_network_remove, true, false},
};

static void run_bivy(struct connection *connection, const struct wire_bivy_command *command)
{
    struct error err = {0};
    size_t kind = command->request.kind;
    if (command->version != WIRE_BIVY_VERSION) {
        error_set(&err, EPROTONOSUPPORT, "command", NULL, "unknown Bivy version");
        connection_fail(connection, &err);
    } else if (kind >= sizeof requests / sizeof *requests || requests[kind].run == NULL ||
               (connection_on_console_socket(connection) && !requests[kind].on_console)) {
        unknown(connection);
    } else if (!requests[kind].label || needs_label(connection)) {
        requests[kind].run(connection, &command->request);
    }
}

void command_run(struct connection *connection, const struct wire_command *command)
{
    bool console_socket = connection_on_console_socket(connection);
    if (command->kind == WIRE_COMMAND_BIVY)
        run_bivy(connection, &command->u.bivy);
    else if (command->kind == WIRE_COMMAND_CONSOLE)
        run_console(connection, &command->u.console);
    else if (command->kind == WIRE_COMMAND_UNIKERNEL && !console_socket)
        run_unikernel(connection, &command->u.unikernel);
    else if (command->kind == WIRE_COMMAND_POLICY && !console_socket)
        run_policy(connection, &command->u.policy);
    else
        unknown(connection);
}
