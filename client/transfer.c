/* transfer.c: images and volumes, in chunks, and the dialogues that carry them; see client.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/client.h"
#include "client/connection.h"
#include "host/error.h"
#include "host/fd.h"

#define CHUNK_SIZE ((size_t)256 << 10)

_Static_assert(CHUNK_SIZE <= WIRE_CHUNK_MAX, "daemons take no larger chunks");

int client_file_size(int fd, const char *path, uint64_t *size, struct error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_set(err, errno, "read file", path, NULL);
    if (!S_ISREG(st.st_mode))
        return error_set(err, EINVAL, "read file", path, "not a regular file");
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at < 0)
        return error_set(err, errno, "read file", path, NULL);
    *size = st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
    return 0;
}

/* What the daemon said when it broke an upload off; that it did, if it said nothing. */
static int upload_ended(struct client *client, struct error *err)
{
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_success reply;
    int result = connection_reply(client, &arena, &reply, err);
    if (result == 0)
        return error_set(err, EPROTO, "upload", client->path, "an answer before everything was sent");
    return result;
}

/* Sends the next chunk from memory that has room for its header; the bytes of the file in it, or an error. */
static ssize_t send_chunk(struct client *client, const struct client_upload *upload, uint64_t left,
                          uint8_t *memory, struct error *err)
{
    size_t wanted = left < CHUNK_SIZE ? (size_t)left : CHUNK_SIZE;
    ssize_t n = fd_read_all(upload->fd, memory + WIRE_FRAME_HEADER, wanted);
    if (n < 0)
        return error_set(err, (int)-n, "upload", "read the file", NULL);
    if (n == 0)
        return error_set(err, EIO, "upload", "read the file", "it is shorter than it was");
    wire_frame_header(memory, (uint32_t)n);
    int result = connection_send(client, memory, WIRE_FRAME_HEADER + (size_t)n, err);
    return result == 1 ? n : result == 0 ? upload_ended(client, err) : result;
}

static int send_chunks(struct client *client, const struct client_upload *upload, uint8_t *memory,
                       struct error *err)
{
    for (uint64_t sent = 0;;) {
        if (upload->progress != NULL && upload->progress(upload->context, sent, upload->size) != 0)
            return error_set(err, ECANCELED, "upload", NULL, "cancelled");
        if (sent == upload->size)
            break;
        ssize_t n = send_chunk(client, upload, upload->size - sent, memory, err);
        if (n < 0)
            return (int)n;
        sent += (uint64_t)n;
    }
    wire_frame_header(memory, 0);
    int result = connection_send(client, memory, WIRE_FRAME_HEADER, err);
    return result == 1 ? 0 : result == 0 ? upload_ended(client, err) : result;
}

int client_upload(struct client *client, const struct client_upload *upload, struct error *err)
{
    if (client->fd < 0)
        return error_set(err, ENOTCONN, "upload", client->path, NULL);
    uint8_t *memory = malloc(WIRE_FRAME_HEADER + CHUNK_SIZE);
    if (memory == NULL)
        return error_set(err, ENOMEM, "upload", client->path, NULL);
    int result = send_chunks(client, upload, memory, err);
    free(memory);
    if (result < 0)
        connection_end(client);
    return result;
}

/* Takes a Bivy reply out of a success. */
static int bivy_reply(const struct client *client, const struct wire_success *success,
                      enum wire_bivy_reply_kind kind, struct wire_bivy_reply *reply, struct error *err)
{
    if (success->kind != WIRE_SUCCESS_BIVY)
        return error_set(err, EPROTO, "ask bivyd", client->path, "an answer that is not Bivy's");
    if (success->u.bivy.version != WIRE_BIVY_VERSION)
        return error_set(err, EPROTO, "ask bivyd", client->path, "Bivy version %lld; this program knows %d",
                         (long long)success->u.bivy.version, WIRE_BIVY_VERSION);
    if (kind != 0 && success->u.bivy.reply.kind != kind)
        return error_set(err, EPROTO, "ask bivyd", client->path, "an answer to another question");
    *reply = success->u.bivy.reply;
    return 0;
}

static struct wire_command bivy_command(const struct wire_bivy_request *request)
{
    return (struct wire_command){.kind = WIRE_COMMAND_BIVY,
                                 .u.bivy = {.version = WIRE_BIVY_VERSION, .request = *request}};
}

int client_request(struct client *client, const char *name, const struct wire_bivy_request *request,
                   enum wire_bivy_reply_kind kind, struct wire_arena *arena, struct wire_bivy_reply *reply,
                   struct error *err)
{
    struct wire_command command = bivy_command(request);
    struct wire_success success;
    int result = client_call(client, name, &command, arena, &success, err);
    return result < 0 ? result : bivy_reply(client, &success, kind, reply, err);
}

/* Asks, sends the upload if it is wanted, and takes the final answer, which must be of KIND. */
static int dialogue(struct client *client, const char *name, const struct wire_bivy_request *request,
                    const struct client_upload *upload, enum wire_bivy_reply_kind kind,
                    struct wire_arena *arena, struct wire_bivy_reply *reply, struct error *err)
{
    struct wire_command command = bivy_command(request);
    struct wire_success success;
    int result = client_stream(client, name, &command, arena, &success, err);
    if (result == 0)
        result = bivy_reply(client, &success, WIRE_BIVY_REPLY_READY, reply, err);
    if (result == 0 && reply->u.ready && upload == NULL)
        result = error_set(err, EPROTO, "ask bivyd", name, "it wants an image that was not offered");
    if (result == 0 && reply->u.ready)
        result = client_upload(client, upload, err);
    if (result == 0)
        result = connection_reply(client, arena, &success, err);
    connection_end(client);
    return result < 0 ? result : bivy_reply(client, &success, kind, reply, err);
}

/* A dialogue that ends with what runs then. */
static int dialogue_deployed(struct client *client, const char *name, const struct wire_bivy_request *request,
                             const struct client_upload *upload, struct wire_arena *arena,
                             struct wire_unikernel *unikernel, struct error *err)
{
    struct wire_bivy_reply reply;
    int result = dialogue(client, name, request, upload, WIRE_BIVY_REPLY_DEPLOYED, arena, &reply, err);
    if (result == 0)
        *unikernel = reply.u.deployed;
    return result;
}

int client_deploy(struct client *client, const char *name, const struct wire_deploy *deploy,
                  const struct client_upload *upload, struct wire_arena *arena,
                  struct wire_unikernel *unikernel, struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_DEPLOY, .u.deploy = *deploy};
    return dialogue_deployed(client, name, &request, upload, arena, unikernel, err);
}

int client_update(struct client *client, const char *name, const struct wire_update *update,
                  const struct client_upload *upload, struct wire_arena *arena,
                  struct wire_unikernel *unikernel, struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_UPDATE, .u.update = *update};
    return dialogue_deployed(client, name, &request, upload, arena, unikernel, err);
}

int client_rollback(struct client *client, const char *name, const struct wire_rollback *rollback,
                    struct wire_arena *arena, struct wire_unikernel *unikernel, struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_ROLLBACK, .u.rollback = *rollback};
    return dialogue_deployed(client, name, &request, NULL, arena, unikernel, err);
}

int client_restart_with(struct client *client, const char *name, const struct wire_restart_with *changes,
                        struct wire_arena *arena, struct wire_unikernel *unikernel, struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_RESTART, .u.restart = *changes};
    return dialogue_deployed(client, name, &request, NULL, arena, unikernel, err);
}

int client_history(struct client *client, const char *name, struct wire_arena *arena,
                   struct wire_release_list *releases, struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_HISTORY};
    struct wire_bivy_reply reply;
    int result = client_request(client, name, &request, WIRE_BIVY_REPLY_RELEASES, arena, &reply, err);
    if (result == 0)
        *releases = reply.u.releases;
    return result;
}

int client_image_add(struct client *client, const struct client_upload *upload, const uint8_t *digest,
                     struct wire_arena *arena, struct wire_image_info *image, struct error *err)
{
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_IMAGE_ADD,
                                        .u.image_add = {.size = (int64_t)upload->size,
                                                        .has_digest = digest != NULL,
                                                        .digest = {digest, digest != NULL ? 32 : 0}}};
    struct wire_bivy_reply reply;
    int result = dialogue(client, ":", &request, upload, WIRE_BIVY_REPLY_IMAGE, arena, &reply, err);
    if (result == 0)
        *image = reply.u.image;
    return result;
}
