/*
 * doctor_network.c: see doctor_network.h.
 *
 * Bridges are tried: in a network namespace of its own a child makes one, puts a tap on it and guards that.
 * So a missing device, module, hook or privilege is met here as the daemon would meet it, and nothing of the
 * host's is touched.
 */
#define _GNU_SOURCE
#include "doctor_network.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/guard.h"
#include "daemon/link.h"
#include "daemon/tap.h"
#include "host/error.h"
#include "host/fd.h"

#define BRIDGE "bivybr"
#define TAP    "bivytap"

static int try_bridge(struct error *err)
{
    struct link bridge = {0}, tap = {0};
    const struct guard guard = {.tap = TAP, .mac = {2, 0, 0, 0, 0, 1}, .tenant = 1};
    if (unshare(CLONE_NEWNET) < 0)
        return error_set(err, errno, "make network namespace", NULL, NULL);
    int result = link_make_bridge(BRIDGE, 0, 0, 0, err);
    if (result == 0)
        result = link_find(BRIDGE, &bridge, err);
    cleanup_fd int fd = result < 0 ? -1 : tap_open(TAP, err);
    if (fd < 0)
        return result < 0 ? result : fd;
    result = link_find(TAP, &tap, err);
    if (result == 0)
        result = guard_install(&guard, err);
    struct link_port port = {.index = tap.index,
                             .bridge = bridge.index,
                             .mtu = 1500,
                             .mac = {0xfe, 0, 0, 0, 0, 1},
                             .isolated = true,
                             .alias = "bivy doctor"};
    return result == 0 ? link_join(&port, TAP, err) : result;
}

/* What went wrong comes through a pipe. */
static int try_in_child(struct error *err)
{
    int ends[2];
    if (pipe(ends) < 0)
        return error_set(err, errno, "try bridges", NULL, NULL);
    cleanup_fd int here = ends[0];
    pid_t pid = fork();
    if (pid == 0) {
        struct error failure = {0};
        int result = try_bridge(&failure);
        if (result < 0)
            fd_write_all(ends[1], &failure, sizeof failure);
        _exit(0);
    }
    close(ends[1]);
    if (pid < 0)
        return error_set(err, errno, "try bridges", NULL, NULL);
    ssize_t size = fd_read_all(here, err, sizeof *err);
    waitpid(pid, NULL, 0);
    return size == (ssize_t)sizeof *err ? -err->code : 0;
}

bool doctor_network(char *found, size_t found_size, char *fix, size_t fix_size)
{
    struct error err = {0};
    if (geteuid() != 0) {
        snprintf(found, found_size, "user; not bridge: that needs root");
        snprintf(fix, fix_size,
                 "sudo bivy up, for a daemon that attaches to bridges; user networks need nothing");
        return false;
    }
    if (try_in_child(&err) == 0) {
        snprintf(found, found_size, "user, bridge");
        return true;
    }
    snprintf(found, found_size, "user; not bridge: %.*s", (int)found_size - 32, err.text);
    snprintf(fix, fix_size, "%s",
             err.hint[0] != '\0' ? err.hint : "CAP_NET_ADMIN, and a kernel with bridges, tun and nf_tables");
    return false;
}
