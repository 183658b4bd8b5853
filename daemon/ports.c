/* ports.c: the host's ports; see ports.h. */
#define _GNU_SOURCE
#include "ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "unikernel.h"

#define PORTS_BACKLOG 512

union address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

static void port_text(const struct wire_deploy_port *port, char text[static 96])
{
    struct wire_bytes address = port->address.size == 0 ? wire_text("127.0.0.1") : port->address;
    snprintf(text, 96, "%.*s:%lld/%s", (int)(address.size < 64 ? address.size : 64),
             (const char *)address.data, (long long)port->host, port->udp ? "udp" : "tcp");
}

static socklen_t port_address(const struct wire_deploy_port *port, union address *address)
{
    char text[INET6_ADDRSTRLEN] = "127.0.0.1";
    memset(address, 0, sizeof *address);
    if (port->address.size >= sizeof text)
        return 0;
    if (port->address.size > 0)
        snprintf(text, sizeof text, "%.*s", (int)port->address.size, (const char *)port->address.data);
    if (inet_pton(AF_INET, text, &address->ipv4.sin_addr) == 1) {
        address->ipv4.sin_family = AF_INET;
        address->ipv4.sin_port = htons((uint16_t)port->host);
        return sizeof address->ipv4;
    }
    if (inet_pton(AF_INET6, text, &address->ipv6.sin6_addr) == 1) {
        address->ipv6.sin6_family = AF_INET6;
        address->ipv6.sin6_port = htons((uint16_t)port->host);
        return sizeof address->ipv6;
    }
    return 0;
}

int ports_device(const struct wire_deploy *deploy, const struct wire_deploy_port *port)
{
    for (size_t i = 0; i < deploy->networks.count; i++) {
        struct wire_bytes device = deploy->networks.items[i].device;
        if (port->device.size == 0 ||
            (port->device.size == device.size && memcmp(port->device.data, device.data, device.size) == 0))
            return (int)i;
    }
    return -1;
}

int ports_check(const char *name, const struct wire_deploy *deploy, struct error *err)
{
    if (deploy->ports.count > UNIKERNEL_PORTS_MAX)
        return error_set(err, EINVAL, "port", name, "more than %d", UNIKERNEL_PORTS_MAX);
    for (size_t i = 0; i < deploy->ports.count; i++) {
        const struct wire_deploy_port *port = &deploy->ports.items[i];
        union address address;
        char text[96];
        port_text(port, text);
        if (port->host < 0 || port->host > 65535 || port->guest < 1 || port->guest > 65535)
            return error_set(err, EINVAL, "port", text, "a port is a number from 1 to 65535");
        if (port_address(port, &address) == 0)
            return error_set(err, EINVAL, "port", text, "the address is none of IPv4 or IPv6");
    }
    return 0;
}

static int port_failure(const struct wire_deploy_port *port, int code, struct error *err)
{
    char text[96];
    port_text(port, text);
    if (code == EADDRINUSE) {
        error_set(err, code, "listen", text, "port in use");
        error_hint(err, "choose another port, or 0 for any that is free");
    } else if (code == EACCES) {
        error_set(err, code, "listen", text, "ports below 1024 are for root");
        error_hint(err, "choose a port from 1024 on");
    } else {
        error_set(err, code, "listen", text, NULL);
    }
    return -code;
}

static int port_open(struct wire_deploy_port *port, struct error *err)
{
    union address address;
    socklen_t size = port_address(port, &address);
    int one = 1;
    cleanup_fd int fd = socket(address.any.sa_family,
                               (port->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (size == 0 || fd < 0)
        return port_failure(port, size == 0 ? EINVAL : errno, err);
    if (address.any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (!port->udp)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, &address.any, size) < 0 || (!port->udp && listen(fd, PORTS_BACKLOG) < 0))
        return port_failure(port, errno, err);
    if (getsockname(fd, &address.any, &size) < 0)
        return port_failure(port, errno, err);
    port->host = ntohs(address.any.sa_family == AF_INET ? address.ipv4.sin_port : address.ipv6.sin6_port);
    return fd_take(&fd);
}

static bool same_port(const struct wire_deploy_port *a, const struct wire_deploy_port *b)
{
    union address left, right;
    return port_address(a, &left) != 0 && port_address(b, &right) != 0 && a->udp == b->udp &&
           memcmp(&left, &right, sizeof left) == 0 && a->host != 0;
}

int ports_open(struct wire_deploy *deploy, const struct wire_deploy *other, int *fds, struct error *err)
{
    for (size_t i = 0; i < deploy->ports.count; i++) {
        bool left_out = false;
        for (size_t j = 0; other != NULL && j < other->ports.count; j++)
            left_out = left_out || same_port(&deploy->ports.items[i], &other->ports.items[j]);
        if (fds[i] >= 0 || left_out)
            continue;
        fds[i] = port_open(&deploy->ports.items[i], err);
        if (fds[i] >= 0)
            continue;
        int result = fds[i];
        fds[i] = -1;
        for (size_t j = 0; j < deploy->ports.count; j++)
            fd_close(&fds[j]);
        return result;
    }
    return 0;
}
