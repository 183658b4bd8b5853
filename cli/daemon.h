/* daemon.h: the daemon of this user, as the commands reach it. */
#ifndef CLI_DAEMON_H
#define CLI_DAEMON_H

#include "client/client.h"

struct command_call;
struct error;

/* The run directory to use: GIVEN (--run-dir), else BIVY_RUN_DIR, else NULL: the user's own. */
const char *daemon_run_directory(const char *given);

/* Connects; NULL with ERR. */
struct client *daemon_open(const char *given_run_directory, struct error *err);

/*
 * The digest that TEXT names: "sha256:HEX" or HEX, whole or at least 6 digits of it that only one image of
 * the store begins with. 0; -EINVAL: not a digest; -ENOENT, -ENOTUNIQ; with ERR.
 */
int daemon_find_image(struct client *client, const char *text, uint8_t digest[static 32], struct error *err);

/* What a command does to one of its operands: 0, or -errno with ERR. */
typedef int daemon_function(struct client *client, const char *operand, struct error *err);

/*
 * Does FUNCTION to every operand of CALL and prints "OPERAND: DONE" of each. A failure does not keep the
 * others from being tried: each is reported as it comes, and the command fails at the end. An enum
 * command_status.
 */
int daemon_each(const struct command_call *call, const char *given_run_directory, daemon_function *function,
                const char *done, struct error *err);

#endif
