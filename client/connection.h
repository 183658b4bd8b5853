/* connection.h: the connection of one call, inside libbivy. */
#ifndef CLIENT_CONNECTION_H
#define CLIENT_CONNECTION_H

#include <limits.h>

#include "client/client.h"
#include "wire/frame.h"

struct client {
    char path[PATH_MAX];
    int fd;     /* -1: none */
    bool fresh; /* nothing was sent yet */
    int timeout_ms;
    struct wire_frame_reader reader;
};

/* Sends all SIZE bytes. 1; 0: the daemon hung up, or spoke before everything was sent, so that its words are
 * to be read next; or an error. */
int connection_send(struct client *client, const void *data, size_t size, struct error *err);

/* Sends COMMAND about NAME on a new connection. 0 or an error. */
int connection_command(struct client *client, const char *name, const struct wire_command *command,
                       struct error *err);

/* The next frame as a message; results as of client_next(). */
int connection_receive(struct client *client, int timeout_ms, struct wire_arena *arena,
                       struct wire_wire *message, struct error *err);

/* Waits for the one reply that must come now. */
int connection_reply(struct client *client, struct wire_arena *arena, struct wire_success *reply,
                     struct error *err);

/* Hangs up. */
void connection_end(struct client *client);

#endif
