/* unikernel.c: the operations on unikernels; see unikernel.h. */
#include "unikernel.h"

#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "deploy.h"
#include "host/error.h"
#include "wire/name.h"

bool unikernel_name_check(const char *text, struct response *response)
{
    struct name name;
    struct error err = {0};
    if (name_parse(&name, text, &err) < 0) {
        response_failure(response, 422, &err);
        return false;
    }
    if (name_has_label(&name))
        return true;
    response_error(response, 422, "a name does not end with ':'",
                   "find unikernel: %.255s: names a path, not a unikernel", text);
    return false;
}

/* Answers with the unikernel NAME as the daemon says it is now. */
static void answer_one(struct daemon *daemon, const char *name, struct response *response)
{
    struct wire_unikernel unikernel;
    int result = client_show(daemon->client, name, &daemon->arena, &unikernel, &daemon->err);
    if (daemon_check(daemon, result, response))
        response_json(response, 200, unikernel_json(&unikernel));
}

void unikernel_list(struct server *server, struct request *request, struct response *response)
{
    (void)request;
    cleanup_daemon struct daemon daemon;
    struct wire_unikernel_list all;
    if (!daemon_begin(&daemon, server, response))
        return;
    int result = client_list(daemon.client, DAEMON_ROOT, &daemon.arena, &all, &daemon.err);
    if (!daemon_check(&daemon, result, response))
        return;
    json_t *array = json_array();
    for (size_t i = 0; i < all.count; i++)
        json_array_append_new(array, unikernel_json(&all.items[i]));
    response_json(response, 200, array);
}

void unikernel_get(struct server *server, struct request *request, struct response *response)
{
    cleanup_daemon struct daemon daemon = {0};
    const char *name = request->parameters[0];
    if (unikernel_name_check(name, response) && daemon_begin(&daemon, server, response))
        answer_one(&daemon, name, response);
}

static void send_deployment(struct server *server, const char *name, const struct deploy *deploy,
                            struct response *response)
{
    cleanup_daemon struct daemon daemon;
    struct wire_unikernel unikernel;
    if (!daemon_begin(&daemon, server, response))
        return;
    int result =
        client_deploy(daemon.client, name, &deploy->message, NULL, &daemon.arena, &unikernel, &daemon.err);
    if (daemon_check(&daemon, result, response))
        response_json(response, 201, unikernel_json(&unikernel));
}

void unikernel_deploy(struct server *server, struct request *request, struct response *response)
{
    struct deploy deploy;
    struct error err = {0};
    const char *name = json_string_value(json_object_get(request->json, "name"));
    if (!unikernel_name_check(name, response))
        return;
    if (deploy_read(&deploy, request->json, &err) < 0)
        response_failure(response, 422, &err);
    else
        send_deployment(server, name, &deploy, response);
    deploy_free(&deploy);
}

typedef int daemon_action(struct client *client, const char *name, struct error *err);

/* Does ACTION to the path's unikernel; then answers what it is now, or nothing if it is GONE. */
static void act(struct server *server, struct request *request, daemon_action *action, bool gone,
                struct response *response)
{
    cleanup_daemon struct daemon daemon = {0};
    const char *name = request->parameters[0];
    if (!unikernel_name_check(name, response) || !daemon_begin(&daemon, server, response) ||
        !daemon_check(&daemon, action(daemon.client, name, &daemon.err), response))
        return;
    if (gone)
        response_empty(response, 204);
    else
        answer_one(&daemon, name, response);
}

void unikernel_destroy(struct server *server, struct request *request, struct response *response)
{
    act(server, request, client_destroy, true, response);
}

void unikernel_stop(struct server *server, struct request *request, struct response *response)
{
    act(server, request, client_stop, false, response);
}

void unikernel_start(struct server *server, struct request *request, struct response *response)
{
    act(server, request, client_start, false, response);
}

void unikernel_restart(struct server *server, struct request *request, struct response *response)
{
    act(server, request, client_restart, false, response);
}
