/* listen.h: the address that the server answers on. */
#ifndef WEB_SERVER_LISTEN_H
#define WEB_SERVER_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#define LISTEN_DEFAULT_PORT 8080
#define LISTEN_PORT_TRIES   100 /* ports tried from the default on when nobody asked for one */

struct error;

struct listen {
    char host[64]; /* as in a URL: 127.0.0.1, [::1] */
    uint16_t port;
    bool loopback; /* only this machine can reach it */
    bool tls;
    bool fixed; /* the user named the port: another one will not do */
    int fd;     /* the listening socket; -1 before listen_open() */
    char url[128];
};

/*
 * Reads ADDRESS:PORT (127.0.0.1:8080, [::1]:0; NULL: the default). Only numeric addresses and "localhost".
 * -EINVAL.
 */
int listen_parse(struct listen *listen, const char *text, struct error *err);

/* Binds and listens; the port in use and the URL are then known. -EADDRINUSE and others with ERR naming the
 * address. */
int listen_open(struct listen *listen, struct error *err);

#endif
