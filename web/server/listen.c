/* listen.c: the address that the server answers on; see listen.h. */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "request.h"

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Fills ADDRESS from the host and port; its size, or 0 if the host is not a numeric address. */
static socklen_t make_address(const struct listen *listen, union address *address)
{
    char bare[64];
    size_t size = strlen(listen->host);
    memset(address, 0, sizeof *address);
    if (listen->host[0] == '[') {
        memcpy(bare, listen->host + 1, size - 1);
        bare[size - 2] = '\0';
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons(listen->port);
        return inet_pton(AF_INET6, bare, &address->v6.sin6_addr) == 1 ? sizeof address->v6 : 0;
    }
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons(listen->port);
    return inet_pton(AF_INET, listen->host, &address->v4.sin_addr) == 1 ? sizeof address->v4 : 0;
}

static bool is_loopback(const union address *address)
{
    if (address->any.sa_family == AF_INET)
        return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

static int refuse(const char *text, struct error *err)
{
    error_set(err, EINVAL, "listen", text, "not an address and a port");
    error_hint(err, "write it like 127.0.0.1:8080 or [::1]:8080; port 0 takes a free one");
    return -EINVAL;
}

int listen_parse(struct listen *listen, const char *text, struct error *err)
{
    union address address;
    *listen = (struct listen){.host = "127.0.0.1", .port = LISTEN_DEFAULT_PORT, .loopback = true, .fd = -1};
    if (text == NULL)
        return 0;
    const char *colon = strrchr(text, ':');
    int64_t port;
    if (colon == NULL || request_number(colon + 1, &port) < 0 || port > 65535)
        return refuse(text, err);
    size_t size = (size_t)(colon - text);
    if (size == 0 || size >= sizeof listen->host || (text[0] == '[') != (text[size - 1] == ']'))
        return refuse(text, err);
    memcpy(listen->host, text, size);
    listen->host[size] = '\0';
    if (strcmp(listen->host, "localhost") == 0)
        strcpy(listen->host, "127.0.0.1");
    listen->port = (uint16_t)port;
    listen->fixed = true;
    if (make_address(listen, &address) == 0)
        return refuse(text, err);
    listen->loopback = is_loopback(&address);
    return 0;
}

static int try_port(struct listen *door)
{
    union address address;
    socklen_t size = make_address(door, &address);
    int on = 1;
    cleanup_fd int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, &address.any, size) < 0 || listen(fd, 128) < 0)
        return -errno;
    if (getsockname(fd, &address.any, &size) < 0)
        return -errno;
    door->port = ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
    door->fd = fd_take(&fd);
    return 0;
}

int listen_open(struct listen *listen, struct error *err)
{
    char text[80];
    int result = try_port(listen);
    for (int i = 1; i < LISTEN_PORT_TRIES && result == -EADDRINUSE && !listen->fixed; i++) {
        listen->port++;
        result = try_port(listen);
    }
    if (result < 0) {
        snprintf(text, sizeof text, "%s:%u", listen->host, listen->port);
        return error_set(err, -result, "listen", text, result == -EADDRINUSE ? "address in use" : NULL);
    }
    snprintf(listen->url, sizeof listen->url, "%s://%s:%u/", listen->tls ? "https" : "http", listen->host,
             listen->port);
    return 0;
}
