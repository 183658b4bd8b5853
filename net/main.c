/*
 * main.c: bivy-net, the user-mode switch of one network.
 *
 * It is a process of its own because it reads what guests wrote. Everything that it needs is either
 * given to it by descriptor or a plain IP socket, so that it can be locked in before the first frame.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "host/error.h"
#include "host/log.h"
#include "host/loop.h"
#include "net/confine.h"
#include "net/control.h"

static const char usage[] = "usage: bivy-net --control=@FD\n";

/* The descriptor in "--control=@FD", or -1. */
static int parse_control(int argc, char **argv)
{
    static const char option[] = "--control=@";
    if (argc != 2 || strncmp(argv[1], option, sizeof option - 1) != 0)
        return -1;
    char *end = NULL;
    errno = 0;
    long fd = strtol(argv[1] + sizeof option - 1, &end, 10);
    if (errno != 0 || *end != '\0' || fd < 0 || fd > INT32_MAX || fcntl((int)fd, F_GETFD) < 0)
        return -1;
    return (int)fd;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int serve(int socket, struct error *err)
{
    struct loop *loop = loop_create(err);
    struct net *net = loop != NULL ? net_create(loop, err) : NULL;
    struct control *control = net != NULL ? control_open(net, socket, err) : NULL;
    int result = control != NULL ? loop_run(loop) : -EIO;
    control_close(control);
    net_destroy(net);
    loop_destroy(loop);
    return result;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    int socket = parse_control(argc, argv);
    if (socket < 0) {
        fputs(usage, stderr);
        return 2;
    }
    log_open("bivy-net", LOG_LEVEL_WARNING);
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    if (confine_enter(socket, &err) == 0 && serve(socket, &err) == 0)
        return 0;
    log_failure(&err);
    return 1;
}
