/*
 * client.h: libbivy: what a program says to a daemon, and hears from it, over the daemon's local socket.
 *
 * One command is one connection, as in Albatross's protocol (Albatross protocol facts, section 4), so every
 * call here begins with a new one; a struct client is the address of a daemon together with the connection of
 * the latest call. Calls wait, with a time-out; a program with a loop of its own watches client_fd() and
 * calls client_next() with a time-out of 0. A struct client belongs to one thread at a time.
 *
 * Every function that can fail returns a negative errno and fills ERR (which may be NULL): -EREMOTEIO: the
 * daemon refused, and ERR is its own sentence and hint; -ETIMEDOUT; -ECONNREFUSED: no daemon runs;
 * -ECONNRESET: it hung up without an answer; -EPROTO: it answered something else than was asked for; -EINVAL:
 * NAME is no name, or a value cannot be sent; another errno of sockets and files.
 *
 * What a call returns lives as long as the ARENA that it was given (texts too), whatever is called after.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/arena.h"
#include "wire/codec.h"
#include "wire_types.h"

struct error;
struct client;

#define CLIENT_TIMEOUT_MS                                                                                    \
    60000 /* unless client_set_timeout() says otherwise; stopping a guest may take a while */

/*
 * Connects to the daemon of RUN_DIR (NULL: the caller's own, path_run_directory()). NULL and ERR after a
 * failure; where no daemon runs, "connect to bivyd: PATH: no daemon is running" and the hint to start one.
 */
struct client *client_open(const char *run_dir, struct error *err);

/* The same for the socket at PATH: Albatross's console and statistics have their own. */
struct client *client_open_socket(const char *path, struct error *err);

/* Hangs up and frees CLIENT (may be NULL). */
void client_close(struct client *client);
void client_cleanup(struct client **client);

#define cleanup_client __attribute__((cleanup(client_cleanup)))

/* How long a call waits for the daemon's next bytes, in milliseconds; -1: for ever. */
void client_set_timeout(struct client *client, int timeout_ms);

/* The latest call's connection, to be watched for reading, or -1. It stays the client's, and is another after
 * the next call. */
int client_fd(const struct client *client);

/*
 * Sends COMMAND about NAME (text; ":" is the root) and stores the one answer in REPLY. The connection is then
 * closed. 0 or an error.
 */
int client_call(struct client *client, const char *name, const struct wire_command *command,
                struct wire_arena *arena, struct wire_success *reply, struct error *err);

/* The same, and the connection stays open for client_next() or client_upload(). */
int client_stream(struct client *client, const char *name, const struct wire_command *command,
                  struct wire_arena *arena, struct wire_success *reply, struct error *err);

/*
 * The next message of a stream, within TIMEOUT_MS (0: only what is here already; -1: for ever). 1 and
 * MESSAGE; 0: the daemon ended the stream; -ETIMEDOUT: nothing yet, the stream goes on; or an error. MESSAGE
 * is a reply or data. Free ARENA between messages, or a long stream fills it.
 */
int client_next(struct client *client, int timeout_ms, struct wire_arena *arena, struct wire_wire *message,
                struct error *err);

/* Told before the first chunk (0 bytes sent) and after each one; a result other than 0 ends the upload with
 * -ECANCELED. May be NULL where it is a parameter. */
typedef int client_progress(void *context, uint64_t sent_bytes, uint64_t total_bytes);

/* An image or a volume's contents, read from FD (the caller's) at its present position. */
struct client_upload {
    int fd;
    uint64_t size; /* bytes to send; a shorter file is an error */
    client_progress *progress;
    void *context;
};

/*
 * Sends UPLOAD as chunks and their end on the connection of client_stream(). 0, or an error; what the daemon
 * said when it broke off counts more than that it did.
 */
int client_upload(struct client *client, const struct client_upload *upload, struct error *err);

/* The size of the regular file FD from its present position, for struct client_upload. 0 or an error naming
 * PATH. */
int client_file_size(int fd, const char *path, uint64_t *size, struct error *err);

/*
 * Deploys DEPLOY as NAME: asks, sends UPLOAD if the daemon wants it (NULL when DEPLOY names a digest), and
 * stores what now runs. Whoever sets deploy->image to an upload sets its size to UPLOAD's.
 */
int client_deploy(struct client *client, const char *name, const struct wire_deploy *deploy,
                  const struct client_upload *upload, struct wire_arena *arena,
                  struct wire_unikernel *unikernel, struct error *err);

/*
 * The same unikernel with another image (UPLOAD as above), with what an earlier release was, or with other
 * arguments or memory. The first two are answered once the new release has proved itself or the old one is
 * back: give the client a time-out that is longer than the trial.
 */
int client_update(struct client *client, const char *name, const struct wire_update *update,
                  const struct client_upload *upload, struct wire_arena *arena,
                  struct wire_unikernel *unikernel, struct error *err);
int client_rollback(struct client *client, const char *name, const struct wire_rollback *rollback,
                    struct wire_arena *arena, struct wire_unikernel *unikernel, struct error *err);
int client_restart_with(struct client *client, const char *name, const struct wire_restart_with *changes,
                        struct wire_arena *arena, struct wire_unikernel *unikernel, struct error *err);

/* The releases of NAME, the youngest first. */
int client_history(struct client *client, const char *name, struct wire_arena *arena,
                   struct wire_release_list *releases, struct error *err);

/* Puts an image into the store. DIGEST: its SHA-256 (32 bytes), so that nothing is sent that is there
 * already, or NULL. */
int client_image_add(struct client *client, const struct client_upload *upload, const uint8_t *digest,
                     struct wire_arena *arena, struct wire_image_info *image, struct error *err);

/*
 * Albatross's streams of volume contents (section 9). client_block_set() sends UPLOAD (COMPRESSED: one zlib
 * stream) and waits for the answer. client_block_dump() writes what comes, raw at LEVEL 0 and else as zlib,
 * to the descriptor TO.
 */
int client_block_set(struct client *client, const char *name, bool compressed,
                     const struct client_upload *upload, struct error *err);
int client_block_dump(struct client *client, const char *name, int level, int to, struct error *err);

/* Sends one of Bivy's own requests. REPLY must be of KIND, or of any if KIND is 0. */
int client_request(struct client *client, const char *name, const struct wire_bivy_request *request,
                   enum wire_bivy_reply_kind kind, struct wire_arena *arena, struct wire_bivy_reply *reply,
                   struct error *err);

/* Every unikernel at or below NAME. */
int client_list(struct client *client, const char *name, struct wire_arena *arena,
                struct wire_unikernel_list *unikernels, struct error *err);

/* The unikernel NAME; -ENOENT and ERR where there is none. */
int client_show(struct client *client, const char *name, struct wire_arena *arena,
                struct wire_unikernel *unikernel, struct error *err);

/* One command each, for its effect. RESTART takes the configuration that the unikernel has. */
int client_start(struct client *client, const char *name, struct error *err);
int client_stop(struct client *client, const char *name, struct error *err);
int client_restart(struct client *client, const char *name, struct error *err);
int client_destroy(struct client *client, const char *name, struct error *err);

int client_images(struct client *client, struct wire_arena *arena, struct wire_image_info_list *images,
                  struct error *err);
int client_image(struct client *client, const uint8_t digest[static 32], struct wire_arena *arena,
                 struct wire_image_info *image, struct error *err);
int client_image_remove(struct client *client, const uint8_t digest[static 32], struct error *err);

/* What the path NAME may use and uses. */
int client_host(struct client *client, const char *name, struct wire_arena *arena, struct wire_host *host,
                struct error *err);

/* The policies at and below NAME, relative to it; adding one; removing the one at NAME. */
int client_policies(struct client *client, const char *name, struct wire_arena *arena,
                    struct wire_policy_entry_list *policies, struct error *err);
int client_policy_add(struct client *client, const char *name, const struct wire_policy *policy,
                      struct error *err);
int client_policy_remove(struct client *client, const char *name, struct error *err);

/* Begins a stream of console lines of NAME: those with an id above AFTER, or with AFTER -1 the last TAIL;
 * then, with FOLLOW, new ones. client_next() yields payload.u.data.u.bivy.u.console. */
int client_console(struct client *client, const char *name, int64_t after, int64_t tail, bool follow,
                   struct error *err);

/* Networks at and below NAME; one is defined, removed. */
int client_networks(struct client *client, const char *name, struct wire_arena *arena,
                    struct wire_network_list *networks, struct error *err);
int client_network_create(struct client *client, const char *name, const struct wire_network_create *config,
                          struct error *err);
int client_network_remove(struct client *client, const char *name, struct error *err);

/* Begins a stream of the events at and below NAME with an id above AFTER, then live ones. client_next()
 * yields payload.u.data.u.bivy.u.event. */
int client_events(struct client *client, const char *name, int64_t after, struct error *err);

#endif
