/* run_tap.c: tap interfaces for `bivy run`: one that exists, or a new one on a bridge. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "run.h"

static int refuse(const char *interface, int code, struct error *err)
{
    error_set(err, code, "attach network", interface, NULL);
    if (code == EPERM || code == EACCES)
        error_hint(err, "as root, or on a user network: --net DEV=user");
    else if (code == ENODEV)
        error_hint(err, "'ip link' lists the interfaces of this host");
    return -code;
}

/* A socket to ask about interfaces, with REQUEST's name set; -errno if there is no interface of that name. */
static int interface_find(const char *interface, struct ifreq *request, struct error *err)
{
    cleanup_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memset(request, 0, sizeof *request);
    snprintf(request->ifr_name, sizeof request->ifr_name, "%s", interface);
    if (fd < 0 || ioctl(fd, SIOCGIFINDEX, request) < 0)
        return refuse(interface, errno, err);
    return fd_take(&fd);
}

static int tun_open(struct ifreq *request, struct error *err)
{
    cleanup_fd int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    request->ifr_flags = IFF_TAP | IFF_NO_PI;
    if (fd < 0)
        return refuse("/dev/net/tun", errno, err);
    if (ioctl(fd, TUNSETIFF, request) < 0)
        return refuse(request->ifr_name, errno, err);
    return fd_take(&fd);
}

int run_tap_open(const char *interface, uint16_t *mtu, struct error *err)
{
    struct ifreq request;
    cleanup_fd int ask = interface_find(interface, &request, err);
    if (ask < 0)
        return ask;
    if (ioctl(ask, SIOCGIFMTU, &request) == 0 && request.ifr_mtu > 0 && request.ifr_mtu <= UINT16_MAX)
        *mtu = (uint16_t)request.ifr_mtu;
    if (ioctl(ask, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) == 0) {
        error_set(err, ENETDOWN, "attach network", interface, NULL);
        error_hint(err, "sudo ip link set %s up", interface);
        return -ENETDOWN;
    }
    return tun_open(&request, err);
}

int run_bridge_open(const char *interface, uint16_t *mtu, struct error *err)
{
    struct ifreq bridge;
    struct ifreq tap = {.ifr_name = "bivy%d"};
    cleanup_fd int ask = interface_find(interface, &bridge, err);
    if (ask < 0)
        return ask;
    cleanup_fd int fd = tun_open(&tap, err);
    if (fd < 0)
        return fd;
    if (ioctl(ask, SIOCGIFMTU, &bridge) == 0 && bridge.ifr_mtu > 0 && bridge.ifr_mtu <= UINT16_MAX)
        *mtu = (uint16_t)bridge.ifr_mtu;
    tap.ifr_mtu = *mtu;
    ioctl(ask, SIOCSIFMTU, &tap);
    /* SIOCBRADDIF wants the tap's index in the bridge's request. */
    if (ioctl(ask, SIOCGIFINDEX, &tap) < 0)
        return refuse(tap.ifr_name, errno, err);
    bridge.ifr_ifindex = tap.ifr_ifindex;
    if (ioctl(ask, SIOCBRADDIF, &bridge) < 0)
        return refuse(interface, errno, err);
    tap.ifr_flags = IFF_UP;
    if (ioctl(ask, SIOCSIFFLAGS, &tap) < 0)
        return refuse(tap.ifr_name, errno, err);
    return fd_take(&fd);
}
