/*
 * check.h: has an image looked at by bivy-check, a child that can do nothing else.
 *
 * The child is started early, while the image still arrives, and waits: so its start costs the
 * deployment no time.
 */
#ifndef DAEMON_CHECK_H
#define DAEMON_CHECK_H

#include <stdint.h>

#include "check_protocol.h"

struct check;
struct error;
struct loop;

/* Called once: CODE is 0 and REPLY says what the image is, or CODE is -errno and ERR says why not. */
typedef void check_function(void *context, int code, const struct check_reply *reply,
                            const struct error *err);

/*
 * Starts a child for the image behind INPUT (borrowed). OUTPUT (borrowed) is -1, or the image is
 * compressed and goes to OUTPUT, at most LIMIT bytes of it. NULL and ERR after a failure.
 */
struct check *check_start(struct loop *loop, int input, int output, uint64_t limit, check_function *function,
                          void *context, struct error *err);

/* The image is complete: look at it. FUNCTION is called later, from the loop; CHECK is then gone. */
void check_begin(struct check *check);

/* Ends the child and forgets it at *CHECK (may be NULL): FUNCTION is not called. */
void check_cancel(struct check **check);

#endif
