/* port.c: published ports; see port.h. */
#define _GNU_SOURCE
#include "port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device.h"
#include "host/error.h"
#include "host/fd.h"
#include "option.h"

#define PORT_BACKLOG 512

static int refuse(const char *text, const char *why, struct error *err)
{
    error_set(err, EINVAL, "publish port", text, "%s", why);
    error_hint(err, "[DEV@][ADDR:]HOST:GUEST[/udp], for example 8080:80 or [::1]:0:80");
    return -EINVAL;
}

/* Takes "/udp" or "/tcp" off the end. */
static int take_protocol(char *text, bool *udp)
{
    char *slash = strrchr(text, '/');
    *udp = false;
    if (slash == NULL)
        return 0;
    *udp = strcmp(slash, "/udp") == 0;
    if (!*udp && strcmp(slash, "/tcp") != 0)
        return -EINVAL;
    *slash = '\0';
    return 0;
}

/* Takes the number behind the last ':' off TEXT (the whole of it if there is no ':'). */
static int take_number(char *text, int64_t least, uint16_t *number)
{
    char *colon = strrchr(text, ':');
    char *digits = colon != NULL ? colon + 1 : text;
    int64_t value;
    if (option_parse_number(digits, least, UINT16_MAX, &value) < 0)
        return -EINVAL;
    *number = (uint16_t)value;
    *(colon != NULL ? colon : text) = '\0';
    return 0;
}

/* A numeric address, IPv6 in brackets; nothing is asked of a resolver. */
static int take_address(const char *text, char address[static PORT_ADDRESS_SIZE])
{
    unsigned char bytes[16];
    size_t size = strlen(text);
    if (size == 0) {
        strcpy(address, "127.0.0.1");
        return 0;
    }
    bool brackets = size > 2 && text[0] == '[' && text[size - 1] == ']';
    snprintf(address, PORT_ADDRESS_SIZE, "%.*s", (int)(brackets ? size - 2 : size), text + brackets);
    if (size - 2 * brackets >= PORT_ADDRESS_SIZE)
        return -EINVAL;
    return inet_pton(brackets ? AF_INET6 : AF_INET, address, bytes) == 1 ? 0 : -EINVAL;
}

int port_parse(const char *text, struct port_spec *port, struct error *err)
{
    char rest[160];
    char *address = rest;
    memset(port, 0, sizeof *port);
    if (strlen(text) >= sizeof rest)
        return refuse(text, "too long", err);
    strcpy(rest, text);
    if (take_protocol(rest, &port->udp) < 0)
        return refuse(text, "the protocol is neither tcp nor udp", err);
    char *at = strchr(rest, '@');
    if (at != NULL) {
        *at = '\0';
        address = at + 1;
        if (device_check_name(rest) < 0)
            return refuse(text, "not the name of a device before the '@'", err);
        strcpy(port->device, rest);
    }
    if (strchr(address, ':') == NULL)
        return refuse(text, "two ports are needed, the host's and the guest's", err);
    if (take_number(address, 1, &port->guest) < 0)
        return refuse(text, "the guest's port is not within 1..65535", err);
    if (take_number(address, 0, &port->host) < 0)
        return refuse(text, "the host's port is not within 0..65535", err);
    if (take_address(address, port->address) < 0)
        return refuse(text, "not a numeric address (IPv6 in brackets)", err);
    return 0;
}

union port_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

static socklen_t fill_address(const struct port_spec *port, union port_address *address)
{
    memset(address, 0, sizeof *address);
    if (strchr(port->address, ':') != NULL) {
        address->in6.sin6_family = AF_INET6;
        address->in6.sin6_port = htons(port->host);
        inet_pton(AF_INET6, port->address, &address->in6.sin6_addr);
        return sizeof address->in6;
    }
    address->in.sin_family = AF_INET;
    address->in.sin_port = htons(port->host);
    inet_pton(AF_INET, port->address, &address->in.sin_addr);
    return sizeof address->in;
}

static int refuse_bind(const struct port_spec *port, int code, struct error *err)
{
    char name[PORT_ADDRESS_SIZE + 8];
    port_print_host(port, name);
    if (code == EADDRINUSE) {
        error_set(err, code, "listen", name, "the port is in use by another program");
        error_hint(err, "another host port, or 0 for a free one: -p 0:%u", port->guest);
    } else if (code == EACCES) {
        error_set(err, code, "listen", name, "ports below 1024 are for root");
        error_hint(err, "a host port from 1024 on: -p %u:%u", port->guest + 8000u, port->guest);
    } else {
        error_set(err, code, "listen", name, NULL);
    }
    return -code;
}

int port_open(struct port_spec *port, struct error *err)
{
    union port_address address;
    socklen_t size = fill_address(port, &address);
    int type = (port->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
    cleanup_fd int fd = socket(address.any.sa_family, type, 0);
    int on = 1;
    if (fd < 0)
        return refuse_bind(port, errno, err);
    /* A port whose last connections linger is still free; for UDP the option would share a port in use. */
    if (!port->udp)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, &address.any, size) < 0)
        return refuse_bind(port, errno, err);
    if (!port->udp && listen(fd, PORT_BACKLOG) < 0)
        return refuse_bind(port, errno, err);
    if (getsockname(fd, &address.any, &size) < 0)
        return refuse_bind(port, errno, err);
    port->host = ntohs(address.any.sa_family == AF_INET6 ? address.in6.sin6_port : address.in.sin_port);
    return fd_take(&fd);
}

void port_print_host(const struct port_spec *port, char text[static PORT_ADDRESS_SIZE + 8])
{
    bool brackets = strchr(port->address, ':') != NULL;
    snprintf(text, PORT_ADDRESS_SIZE + 8, "%s%s%s:%u", brackets ? "[" : "", port->address,
             brackets ? "]" : "", port->host);
}
