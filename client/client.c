/* client.c: connecting, asking, hearing; see client.h. */
#include "client/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "client/connection.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/loop.h"
#include "host/path.h"
#include "wire/name.h"

#define NS_PER_MS INT64_C(1000000)

static int connect_failed(struct error *err, int code, const char *path)
{
    if (code == ENOENT || code == ECONNREFUSED) {
        error_set(err, ECONNREFUSED, "connect to bivyd", path, "no daemon is running");
        error_hint(err, "bivy up");
        return -ECONNREFUSED;
    }
    error_set(err, code, "connect to bivyd", path, NULL);
    if (code == EACCES)
        error_hint(err, "this daemon is another user's; ask its owner, or start your own: bivy up");
    return -code;
}

static int connection_begin(struct client *client, struct error *err)
{
    connection_end(client);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(client->path);
    if (size >= sizeof address.sun_path)
        return error_set(err, ENAMETOOLONG, "connect to bivyd", client->path,
                         "a socket's path has at most %zu bytes", sizeof address.sun_path - 1);
    memcpy(address.sun_path, client->path, size);
    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return connect_failed(err, errno, client->path);
    int result;
    do
        result = connect(fd, (const struct sockaddr *)&address, sizeof address);
    while (result < 0 && errno == EINTR);
    if (result < 0)
        return connect_failed(err, errno, client->path);
    result = fd_set_nonblocking(fd, 1);
    if (result < 0)
        return connect_failed(err, -result, client->path);
    client->fd = fd_take(&fd);
    client->fresh = true;
    return 0;
}

void connection_end(struct client *client)
{
    fd_close(&client->fd);
    wire_frame_free(&client->reader);
    client->fresh = false;
}

struct client *client_open_socket(const char *path, struct error *err)
{
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        error_set(err, ENOMEM, "connect to bivyd", path, NULL);
        return NULL;
    }
    client->fd = -1;
    client->timeout_ms = CLIENT_TIMEOUT_MS;
    client->reader.limit = WIRE_IMAGE_LIMIT;
    if (strlen(path) < sizeof client->path) {
        memcpy(client->path, path, strlen(path));
        if (connection_begin(client, err) == 0)
            return client;
    } else {
        connect_failed(err, ENAMETOOLONG, path);
    }
    client_close(client);
    return NULL;
}

struct client *client_open(const char *run_dir, struct error *err)
{
    char own[PATH_MAX];
    char path[PATH_MAX];
    if (run_dir == NULL && path_run_directory(own, NULL, err) < 0)
        return NULL;
    if (path_join(path, run_dir != NULL ? run_dir : own, "util/vmmd.sock", err) < 0)
        return NULL;
    return client_open_socket(path, err);
}

void client_close(struct client *client)
{
    if (client == NULL)
        return;
    connection_end(client);
    free(client);
}

void client_cleanup(struct client **client)
{
    client_close(*client);
    *client = NULL;
}

void client_set_timeout(struct client *client, int timeout_ms)
{
    client->timeout_ms = timeout_ms;
}

int client_fd(const struct client *client)
{
    return client->fd;
}

/* Waits for EVENTS; the events that came, 0: none before the deadline (loop_now(); -1: none), or -errno. */
static int wait_for(struct client *client, short events, int64_t deadline_ns)
{
    for (;;) {
        int64_t left_ns = deadline_ns < 0 ? 0 : deadline_ns - (int64_t)loop_now();
        int64_t left_ms = left_ns > 0 ? (left_ns + NS_PER_MS - 1) / NS_PER_MS : 0;
        struct pollfd watched = {.fd = client->fd, .events = events};
        int n = poll(&watched, 1, deadline_ns < 0 ? -1 : (int)left_ms);
        if (n >= 0)
            return n == 0 ? 0 : watched.revents;
        if (errno != EINTR)
            return -errno;
    }
}

static int64_t deadline_after(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : (int64_t)loop_now() + timeout_ms * NS_PER_MS;
}

int connection_send(struct client *client, const void *data, size_t size, struct error *err)
{
    const char *at = data;
    while (size > 0) {
        int events = wait_for(client, POLLIN | POLLOUT, deadline_after(client->timeout_ms));
        if (events < 0)
            return error_set(err, -events, "send to bivyd", client->path, NULL);
        if (events == 0)
            return error_set(err, ETIMEDOUT, "send to bivyd", client->path, "it does not read");
        if (events & (POLLIN | POLLHUP))
            return 0;
        ssize_t n = send(client->fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return 0;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return error_set(err, errno, "send to bivyd", client->path, NULL);
        at += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return 1;
}

/* The next frame, whole; results as of client_next(). */
static int receive_frame(struct client *client, int timeout_ms, struct wire_bytes *frame, struct error *err)
{
    int64_t deadline_ns = deadline_after(timeout_ms);
    for (;;) {
        int state = wire_frame_read(&client->reader, client->fd, frame, err);
        if (state < 0)
            return state;
        if (state == WIRE_FRAME_END || (state == WIRE_FRAME_READY && frame->size == 0))
            return 0;
        if (state == WIRE_FRAME_READY)
            return 1;
        int events = wait_for(client, POLLIN, deadline_ns);
        if (events < 0)
            return error_set(err, -events, "hear bivyd", client->path, NULL);
        if (events == 0)
            return error_set(err, ETIMEDOUT, "hear bivyd", client->path, "no answer within %d ms",
                             timeout_ms);
    }
}

int connection_receive(struct client *client, int timeout_ms, struct wire_arena *arena,
                       struct wire_wire *message, struct error *err)
{
    struct wire_bytes frame;
    int result = client->fd < 0 ? 0 : receive_frame(client, timeout_ms, &frame, err);
    if (result <= 0)
        return result;
    uint8_t *copy = wire_arena_take(arena, frame.size, &result);
    if (copy == NULL)
        return error_set(err, -result, "hear bivyd", client->path, "an answer of %zu bytes", frame.size);
    memcpy(copy, frame.data, frame.size);
    result = wire_decode(&wire_type_wire, copy, frame.size, arena, message, err);
    if (result < 0)
        return result;
    const struct wire_payload *payload = &message->payload;
    if (payload->kind == WIRE_PAYLOAD_FAILURE)
        return error_from_text(err, EREMOTEIO, (const char *)payload->u.failure.data,
                               payload->u.failure.size);
    if (payload->kind == WIRE_PAYLOAD_COMMAND)
        return error_set(err, EPROTO, "hear bivyd", client->path, "a command instead of an answer");
    return 1;
}

int connection_reply(struct client *client, struct wire_arena *arena, struct wire_success *reply,
                     struct error *err)
{
    struct wire_wire message;
    int result = connection_receive(client, client->timeout_ms, arena, &message, err);
    if (result == 0) {
        error_set(err, ECONNRESET, "ask bivyd", client->path, "it hung up without an answer");
        error_hint(err, "its log says why");
        return -ECONNRESET;
    }
    if (result < 0)
        return result;
    if (message.payload.kind != WIRE_PAYLOAD_REPLY)
        return error_set(err, EPROTO, "ask bivyd", client->path, "data instead of an answer");
    *reply = message.payload.u.reply;
    return 0;
}

int connection_command(struct client *client, const char *name, const struct wire_command *command,
                       struct error *err)
{
    struct name parsed;
    char text[NAME_TEXT_SIZE];
    int result = name_parse(&parsed, name, err);
    if (result < 0)
        return result;
    name_print(&parsed, text);
    struct wire_wire message = {.header = {.version = WIRE_VERSION, .name = wire_text(text)},
                                .payload = {.kind = WIRE_PAYLOAD_COMMAND, .u.command = *command}};
    cleanup_buffer struct buffer out = {.limit = WIRE_FRAME_HEADER + WIRE_IMAGE_LIMIT};
    result = wire_frame_append(&out, &message, err);
    if (result == 0 && !client->fresh)
        result = connection_begin(client, err);
    if (result < 0)
        return result;
    client->fresh = false;
    result = connection_send(client, out.data, out.size, err);
    return result < 0 ? result : 0;
}

int client_stream(struct client *client, const char *name, const struct wire_command *command,
                  struct wire_arena *arena, struct wire_success *reply, struct error *err)
{
    int result = connection_command(client, name, command, err);
    if (result == 0)
        result = connection_reply(client, arena, reply, err);
    if (result < 0)
        connection_end(client);
    return result;
}

int client_call(struct client *client, const char *name, const struct wire_command *command,
                struct wire_arena *arena, struct wire_success *reply, struct error *err)
{
    int result = client_stream(client, name, command, arena, reply, err);
    connection_end(client);
    return result;
}

int client_next(struct client *client, int timeout_ms, struct wire_arena *arena, struct wire_wire *message,
                struct error *err)
{
    int result = connection_receive(client, timeout_ms, arena, message, err);
    if (result <= 0 && result != -ETIMEDOUT)
        connection_end(client);
    return result;
}
