/*
 * main.c: bivyd, the daemon: brings its parts up in order, listens, and lets go of everything at the end
 * without touching what runs.
 *
 *   bivyd [--run-dir D] [--state-dir D] [--foreground]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "connection.h"
#include "console.h"
#include "daemon.h"
#include "event.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "host/loop.h"
#include "host/path.h"
#include "image.h"
#include "keeper.h"
#include "network.h"
#include "policies.h"
#include "store.h"
#include "supervise.h"
#include "unikernel.h"

#define SOCKET_BACKLOG 128

struct options {
    const char *run_dir, *state_dir;
};

struct listener {
    struct daemon *daemon;
    struct loop_source *source;
    int fd;
    bool console;
};

int64_t daemon_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int usage(void)
{
    fprintf(stderr, "usage: bivyd [--run-dir DIR] [--state-dir DIR] [--foreground]\n");
    return 2;
}

/* "--name VALUE" and "--name=VALUE"; 1: taken. */
static int take_option(char **argv, int *at, const char *name, const char **value)
{
    size_t size = strlen(name);
    if (strncmp(argv[*at], name, size) != 0)
        return 0;
    if (argv[*at][size] == '=')
        *value = argv[*at] + size + 1;
    else if (argv[*at][size] == '\0' && argv[*at + 1] != NULL)
        *value = argv[++*at];
    else
        return 0;
    return **value != '\0';
}

static int read_options(char **argv, struct options *options)
{
    for (int i = 1; argv[i] != NULL; i++)
        if (!take_option(argv, &i, "--run-dir", &options->run_dir) &&
            !take_option(argv, &i, "--state-dir", &options->state_dir) &&
            strcmp(argv[i], "--foreground") != 0)
            return -EINVAL;
    return 0;
}

/* One daemon for a directory: the lock goes with the process, however it ends. */
static int lock_directory(const char *directory, struct error *err)
{
    char path[PATH_MAX];
    char text[32];
    int result = path_join(path, directory, "bivyd.pid", err);
    if (result < 0)
        return result;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_set(err, errno, "lock", path, NULL);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int failure = errno;
        close(fd);
        error_set(err, failure, "lock", path,
                  failure == EWOULDBLOCK ? "another bivyd uses the directory" : "%s", strerror(failure));
        error_hint(err, "end the other one, or give --run-dir and --state-dir of its own");
        return -failure;
    }
    int size = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)size, 0) != size)
        log_warning("write %s: %s", path, strerror(errno));
    return fd; /* held until the process ends */
}

static void accept_peers(void *context, uint32_t events)
{
    struct listener *listener = context;
    (void)events;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        connection_open(listener->daemon, fd, listener->console);
}

static int listen_at(struct listener *listener, const char *directory, const char *name, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[PATH_MAX];
    int result = path_join(path, directory, name, err);
    if (result < 0)
        return result;
    if (strlen(path) >= sizeof address.sun_path)
        return error_set(err, ENAMETOOLONG, "open socket", path, NULL);
    memcpy(address.sun_path, path, strlen(path) + 1);
    unlink(path);
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0 || bind(listener->fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        chmod(path, listener->daemon->root ? 0660 : 0600) < 0 || listen(listener->fd, SOCKET_BACKLOG) < 0)
        return error_set(err, errno, "open socket", path, NULL);
    listener->source = loop_add(listener->daemon->loop, listener->fd, EPOLLIN, accept_peers, listener, err);
    return listener->source == NULL ? -ENOMEM : 0;
}

static int open_sockets(struct daemon *daemon, struct listener listeners[static 2], struct error *err)
{
    char directory[PATH_MAX];
    int result = path_join(directory, daemon->run_dir, "util", err);
    if (result == 0)
        result = path_make_directory(directory, err);
    listeners[0] = (struct listener){.daemon = daemon, .fd = -1};
    listeners[1] = (struct listener){.daemon = daemon, .fd = -1, .console = true};
    if (result == 0)
        result = listen_at(&listeners[0], directory, "vmmd.sock", err);
    if (result == 0)
        result = listen_at(&listeners[1], directory, "console.sock", err);
    return result;
}

static void end_asked(void *context, uint32_t events)
{
    struct daemon *daemon = context;
    (void)events;
    log_info("ending; the unikernels run on");
    loop_stop(daemon->loop);
}

/* SIGTERM ends the daemon alone. */
static int watch_signals(struct daemon *daemon, struct loop_source **source, struct error *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return error_set(err, errno, "watch signals", NULL, NULL);
    *source = loop_add(daemon->loop, fd, EPOLLIN, end_asked, daemon, err);
    return *source == NULL ? -ENOMEM : 0;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int open_directories(struct daemon *daemon, const struct options *options, struct error *err)
{
    int result = path_run_directory(daemon->run_dir, options->run_dir, err);
    if (result == 0)
        result = path_state_directory(daemon->state_dir, options->state_dir, err);
    int lock = result == 0 ? lock_directory(daemon->run_dir, err) : result;
    if (lock >= 0 && strcmp(daemon->run_dir, daemon->state_dir) != 0)
        lock = lock_directory(daemon->state_dir, err);
    if (lock < 0)
        return lock;
    daemon->image_dir = image_directory(daemon->state_dir, err);
    if (daemon->image_dir >= 0)
        daemon->console_dir = console_directory(daemon->state_dir, err);
    return daemon->image_dir < 0 || daemon->console_dir < 0 ? -EIO : 0;
}

/* The sockets stand before the first unikernel is started: who asks meanwhile waits instead of being refused.
 */
static int daemon_open(struct daemon *daemon, const struct options *options,
                       struct listener listeners[static 2], struct error *err)
{
    char path[PATH_MAX];
    int result = open_directories(daemon, options, err);
    if (result == 0)
        result = path_join(path, daemon->state_dir, "bivyd.db", err);
    if (result < 0)
        return result;
    daemon->root = geteuid() == 0;
    daemon->loop = loop_create(err);
    daemon->store = daemon->loop == NULL ? NULL : store_open(path, err);
    if (daemon->store == NULL)
        return -EIO;
    event_open(daemon);
    result = policies_open(daemon, err);
    if (result == 0)
        result = open_sockets(daemon, listeners, err);
    return result == 0 ? supervise_open(daemon, err) : result;
}

static void remove_sockets(const struct daemon *daemon)
{
    static const char *const names[] = {"util/vmmd.sock", "util/console.sock", "keep.sock", "keep.exits"};
    char path[PATH_MAX];
    /* The keep's socket stays as long as there is a keep. */
    for (size_t i = 0; i < (daemon->ending_all ? 4u : 2u); i++)
        if (path_join(path, daemon->run_dir, names[i], NULL) == 0)
            unlink(path);
}

static void daemon_close(struct daemon *daemon)
{
    daemon->ending = true;
    connection_close_all(daemon);
    if (daemon->store != NULL)
        event_flush(daemon);
    loop_cancel(&daemon->ending_timer);
    loop_cancel(&daemon->collect_timer);
    while (daemon->unikernel_count > 0)
        unikernel_free(daemon->unikernels[--daemon->unikernel_count]);
    free(daemon->unikernels);
    network_close(daemon);
    policies_close(daemon);
    keeper_close(daemon->keeper);
    cgroup_close(daemon);
    store_close(daemon->store);
    fd_close(&daemon->image_dir);
    fd_close(&daemon->console_dir);
}

static void close_sockets(const struct daemon *daemon, struct listener listeners[static 2])
{
    bool listened = listeners[0].source != NULL;
    for (size_t i = 0; i < 2; i++) {
        loop_remove(&listeners[i].source);
        fd_close(&listeners[i].fd);
    }
    if (listened)
        remove_sockets(daemon);
}

static int daemon_run(struct daemon *daemon, struct error *err)
{
    struct loop_source *signals = NULL;
    int result = watch_signals(daemon, &signals, err);
    if (result < 0)
        return result;
    log_info("ready: %s, %zu unikernels", daemon->run_dir, daemon->unikernel_count);
    result = loop_run(daemon->loop);
    loop_remove(&signals);
    return result < 0 ? error_set(err, -result, "wait for events", NULL, NULL) : 0;
}

int main(int argc, char **argv)
{
    static struct daemon daemon = {.image_dir = -1, .console_dir = -1, .cgroup = -1};
    struct listener listeners[2] = {{.fd = -1}, {.fd = -1}};
    struct options options = {0};
    struct error err = {0};
    (void)argc;
    if (read_options(argv, &options) < 0)
        return usage();
    log_open("bivyd", LOG_LEVEL_INFO);
    umask(0077);
    raise_descriptor_limit();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write */
    int result = daemon_open(&daemon, &options, listeners, &err);
    if (result == 0)
        result = daemon_run(&daemon, &err);
    if (result < 0)
        log_failure(&err);
    close_sockets(&daemon, listeners);
    daemon_close(&daemon);
    loop_destroy(daemon.loop);
    return result < 0;
}
