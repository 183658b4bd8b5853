/* commands.c: one function a question, for callers who want the answer and no messages; see client.h. */
#include <errno.h>

#include "client/client.h"
#include "host/error.h"
#include "wire/name.h"

int client_list(struct client *client, const char *name, struct wire_arena *arena,
                struct wire_unikernel_list *unikernels, struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_LIST};
    struct wire_bivy_reply reply;
    int result = client_request(client, name, &request, WIRE_BIVY_REPLY_UNIKERNELS, arena, &reply, err);
    if (result == 0)
        *unikernels = reply.u.unikernels;
    return result;
}

int client_show(struct client *client, const char *name, struct wire_arena *arena,
                struct wire_unikernel *unikernel, struct error *err)
{
    struct wire_unikernel_list unikernels = {0};
    struct name full;
    int result = name_parse(&full, name, err);
    if (result == 0)
        result = client_list(client, name, arena, &unikernels, err);
    if (result < 0)
        return result;
    if (!name_has_label(&full) || unikernels.count != 1) {
        error_set(err, ENOENT, "find unikernel", name, "there is none of this name");
        error_hint(err, "bivy ps");
        return -ENOENT;
    }
    *unikernel = unikernels.items[0];
    return 0;
}

/* A Bivy request of which only the success matters. */
static int request_only(struct client *client, const char *name, const struct wire_bivy_request *request,
                        struct error *err)
{
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_bivy_reply reply;
    return client_request(client, name, request, 0, &arena, &reply, err);
}

int client_start(struct client *client, const char *name, struct error *err)
{
    return request_only(client, name, &(struct wire_bivy_request){.kind = WIRE_BIVY_REQUEST_START}, err);
}

int client_stop(struct client *client, const char *name, struct error *err)
{
    return request_only(client, name, &(struct wire_bivy_request){.kind = WIRE_BIVY_REQUEST_STOP}, err);
}

/* One of Albatross's commands of which only the success matters. */
static int command_only(struct client *client, const char *name, const struct wire_command *command,
                        struct error *err)
{
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_success reply;
    return client_call(client, name, command, &arena, &reply, err);
}

int client_restart(struct client *client, const char *name, struct error *err)
{
    struct wire_command command = {.kind = WIRE_COMMAND_UNIKERNEL,
                                   .u.unikernel = {.kind = WIRE_UNIKERNEL_CMD_RESTART,
                                                   .u.restart.kind = WIRE_UNIKERNEL_CMD_RESTART_NONE}};
    return command_only(client, name, &command, err);
}

int client_destroy(struct client *client, const char *name, struct error *err)
{
    struct wire_command command = {.kind = WIRE_COMMAND_UNIKERNEL,
                                   .u.unikernel.kind = WIRE_UNIKERNEL_CMD_DESTROY};
    return command_only(client, name, &command, err);
}

int client_images(struct client *client, struct wire_arena *arena, struct wire_image_info_list *images,
                  struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_IMAGE_LIST};
    struct wire_bivy_reply reply;
    int result = client_request(client, ":", &request, WIRE_BIVY_REPLY_IMAGES, arena, &reply, err);
    if (result == 0)
        *images = reply.u.images;
    return result;
}

int client_image(struct client *client, const uint8_t digest[static 32], struct wire_arena *arena,
                 struct wire_image_info *image, struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_IMAGE_INFO, .u.image_info = {digest, 32}};
    struct wire_bivy_reply reply;
    int result = client_request(client, ":", &request, WIRE_BIVY_REPLY_IMAGE, arena, &reply, err);
    if (result == 0)
        *image = reply.u.image;
    return result;
}

int client_image_remove(struct client *client, const uint8_t digest[static 32], struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_IMAGE_REMOVE,
                                        .u.image_remove = {digest, 32}};
    return request_only(client, ":", &request, err);
}

int client_host(struct client *client, const char *name, struct wire_arena *arena, struct wire_host *host,
                struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_HOST};
    struct wire_bivy_reply reply;
    int result = client_request(client, name, &request, WIRE_BIVY_REPLY_HOST, arena, &reply, err);
    if (result == 0)
        *host = reply.u.host;
    return result;
}

int client_policies(struct client *client, const char *name, struct wire_arena *arena,
                    struct wire_policy_entry_list *policies, struct error *err)
{
    struct wire_command command = {.kind = WIRE_COMMAND_POLICY, .u.policy.kind = WIRE_POLICY_CMD_INFO};
    struct wire_success reply;
    int result = client_call(client, name, &command, arena, &reply, err);
    if (result == 0 && reply.kind != WIRE_SUCCESS_POLICIES)
        result = error_set(err, EPROTO, "ask bivyd", name, "an answer to another question");
    if (result == 0)
        *policies = reply.u.policies;
    return result;
}

int client_policy_add(struct client *client, const char *name, const struct wire_policy *policy,
                      struct error *err)
{
    struct wire_command command = {.kind = WIRE_COMMAND_POLICY,
                                   .u.policy = {.kind = WIRE_POLICY_CMD_ADD, .u.add = *policy}};
    return command_only(client, name, &command, err);
}

int client_policy_remove(struct client *client, const char *name, struct error *err)
{
    struct wire_command command = {.kind = WIRE_COMMAND_POLICY, .u.policy.kind = WIRE_POLICY_CMD_REMOVE};
    return command_only(client, name, &command, err);
}

int client_networks(struct client *client, const char *name, struct wire_arena *arena,
                    struct wire_network_list *networks, struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_NETWORK_LIST};
    struct wire_bivy_reply reply;
    int result = client_request(client, name, &request, WIRE_BIVY_REPLY_NETWORKS, arena, &reply, err);
    if (result == 0)
        *networks = reply.u.networks;
    return result;
}

int client_network_create(struct client *client, const char *name, const struct wire_network_create *config,
                          struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_NETWORK_CREATE,
                                        .u.network_create = *config};
    return request_only(client, name, &request, err);
}

int client_network_remove(struct client *client, const char *name, struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_NETWORK_REMOVE};
    return request_only(client, name, &request, err);
}

/* Begins a stream with a Bivy request; what answers it is the stream's first message and says nothing. */
static int stream_only(struct client *client, const char *name, const struct wire_bivy_request *request,
                       struct error *err)
{
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_command command = {.kind = WIRE_COMMAND_BIVY,
                                   .u.bivy = {.version = WIRE_BIVY_VERSION, .request = *request}};
    struct wire_success reply;
    return client_stream(client, name, &command, &arena, &reply, err);
}

int client_console(struct client *client, const char *name, int64_t after, int64_t tail, bool follow,
                   struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_CONSOLE,
                                        .u.console = {.after = after, .tail = tail, .follow = follow}};
    return stream_only(client, name, &request, err);
}

int client_events(struct client *client, const char *name, int64_t after, struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_EVENTS, .u.events = after};
    return stream_only(client, name, &request, err);
}
