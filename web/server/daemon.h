/*
 * daemon.h: bivyd, as the handlers see it: calls through libbivy that answer the browser themselves when they
 * fail.
 *
 * A connection each: the daemon's socket is a local one, and a connection that nobody shares can neither mix
 * up answers nor keep a broken one for the next.
 */
#ifndef WEB_SERVER_DAEMON_H
#define WEB_SERVER_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "client/client.h"
#include "host/error.h"

#define DAEMON_ROOT       ":" /* the name of everything */
#define DAEMON_TIMEOUT_MS 30000

struct response;
struct server;

/* One conversation; what it hears lives until daemon_end(). */
struct daemon {
    struct client *client;
    struct wire_arena arena;
    struct error err;
};

/* Connects. False, and RESPONSE answered (503), when no daemon runs. daemon_end() is due after either. */
bool daemon_begin(struct daemon *daemon, struct server *server, struct response *response);
void daemon_end(struct daemon *daemon);

#define cleanup_daemon __attribute__((cleanup(daemon_end)))

/* Whether RESULT, of a call of libbivy with daemon->err, is a success; otherwise answers what it says. */
bool daemon_check(struct daemon *daemon, int result, struct response *response);

/* The HTTP status that fits a failed call: its negative errno, and for a refusal the daemon's text. */
unsigned daemon_status(int result, const char *text);

#endif
