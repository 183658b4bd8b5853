/* block.c: Albatross's streams of volume contents; see client.h. */
#include <errno.h>

#include "client/client.h"
#include "client/connection.h"
#include "host/error.h"
#include "host/fd.h"

/* Here no answer comes before the chunks: the daemon reads them right after the command. */
int client_block_set(struct client *client, const char *name, bool compressed,
                     const struct client_upload *upload, struct error *err)
{
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_command command = {.kind = WIRE_COMMAND_BLOCK,
                                   .u.block = {.kind = WIRE_BLOCK_CMD_SET, .u.set = compressed}};
    struct wire_success reply;
    int result = connection_command(client, name, &command, err);
    if (result == 0)
        result = client_upload(client, upload, err);
    if (result == 0)
        result = connection_reply(client, &arena, &reply, err);
    connection_end(client);
    return result;
}

/* Writes the contents that one message brings. 1: more follow; 0: that was the end; or an error. */
static int write_part(const struct wire_payload *payload, int to, struct error *err)
{
    if (payload->kind != WIRE_PAYLOAD_DATA || payload->u.data.kind != WIRE_DATA_BLOCK)
        return error_set(err, EPROTO, "dump volume", NULL, "something else than its contents came");
    const struct wire_data_block *block = &payload->u.data.u.block;
    if (block->kind == WIRE_DATA_BLOCK_EOF)
        return 0;
    int result = fd_write_all(to, block->u.some.data, block->u.some.size);
    return result < 0 ? error_set(err, -result, "dump volume", "write", NULL) : 1;
}

static int dump_part(struct client *client, const char *name, int to, struct error *err)
{
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_wire message;
    int result = connection_receive(client, client->timeout_ms, &arena, &message, err);
    if (result == 0)
        return error_set(err, ECONNRESET, "dump volume", name, "the daemon hung up before the end");
    return result < 0 ? result : write_part(&message.payload, to, err);
}

int client_block_dump(struct client *client, const char *name, int level, int to, struct error *err)
{
    cleanup_wire_arena struct wire_arena arena = {0};
    struct wire_command command = {.kind = WIRE_COMMAND_BLOCK,
                                   .u.block = {.kind = WIRE_BLOCK_CMD_DUMP, .u.dump = level}};
    struct wire_success reply;
    int result = client_stream(client, name, &command, &arena, &reply, err);
    if (result == 0 && reply.kind != WIRE_SUCCESS_BLOCK_DEVICE_IMAGE)
        result = error_set(err, EPROTO, "dump volume", name, "an answer to another question");
    if (result == 0)
        do
            result = dump_part(client, name, to, err);
        while (result > 0);
    connection_end(client);
    return result;
}
