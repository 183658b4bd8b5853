/*
 * server.h: all that lives as long as the program, and the HTTP front.
 *
 * A thread a connection, of which there are at most SERVER_CONNECTIONS: a handler may wait for the daemon,
 * for the disk or for a password hash, and a stream for its next line, without any other connection noticing.
 * The alternative, one event loop, would need every one of those calls split in two.
 */
#ifndef WEB_SERVER_SERVER_H
#define WEB_SERVER_SERVER_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "asset.h"
#include "database.h"
#include "limiter.h"
#include "listen.h"
#include "setup.h"
#include "tls.h"
#include "upload.h"

#define SERVER_CONNECTIONS             256
#define SERVER_CONNECTIONS_PER_ADDRESS 128
#define SERVER_STREAMS                 96 /* of the connections; the rest is for requests */
#define SERVER_TIMEOUT_S               30 /* without a byte in either direction */

struct error;
struct MHD_Daemon;

struct server {
    char run_directory[PATH_MAX];
    char state_directory[PATH_MAX];
    struct listen listen;
    struct certificate certificate; /* where listen.tls */
    struct database database;
    struct asset_store assets;
    struct limiter tries_of_address;
    struct limiter tries_of_name;
    struct setup setup;
    struct upload_store uploads;
    atomic_int streams;
    int heartbeat_ms; /* of streams; 0: STREAM_HEARTBEAT_MS */
    bool announced;   /* web.json is ours */
    int lock_fd;      /* held while this server owns its state directory */
    int stop_fd;      /* readable once the server stops: wakes every stream */
    struct MHD_Daemon *http;
};

/* Begins to answer on server->listen; 0 or -errno. */
int server_start(struct server *server, struct error *err);

/* Ends every connection and waits for their threads. */
void server_stop(struct server *server);

#endif
