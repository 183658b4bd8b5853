/* tap.c: see tap.h. */
#define _GNU_SOURCE
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/error.h"
#include "host/fd.h"

void tap_prefix(const char *state_dir, char prefix[static TAP_PREFIX_SIZE])
{
    uint32_t hash = 0x811c9dc5; /* FNV-1a */
    for (const char *p = state_dir; *p != '\0'; p++)
        hash = (hash ^ (uint8_t)*p) * 0x01000193u;
    snprintf(prefix, TAP_PREFIX_SIZE, "bv%04x-", (hash ^ hash >> 16) & 0xffffu);
}

void tap_name(const char *prefix, int64_t id, size_t device, char name[static IFNAMSIZ])
{
    snprintf(name, IFNAMSIZ, "%.7s%x.%u", prefix, (unsigned)id & TAP_ID_MASK, (unsigned)device % 10);
}

bool tap_parse(const char *prefix, const char *name, int64_t *id, size_t *device)
{
    unsigned number, index;
    char again[IFNAMSIZ];
    if (strncmp(name, prefix, strlen(prefix)) != 0 || strlen(name) >= IFNAMSIZ ||
        sscanf(name + strlen(prefix), "%6x.%1u", &number, &index) != 2)
        return false;
    tap_name(prefix, number, index, again);
    *id = number;
    *device = index;
    return strcmp(again, name) == 0;
}

int tap_open(const char *name, struct error *err)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    cleanup_fd int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        int result = error_set(err, errno, "make tap", "/dev/net/tun", NULL);
        error_hint(err, "sudo modprobe tun; in a container, pass the device through");
        return result;
    }
    if (ioctl(fd, TUNSETIFF, &request) < 0)
        return error_set(err, errno, "make tap", name, NULL);
    return fd_take(&fd);
}
