/* keeper.c: the daemon's side of bivy-keep; see keeper.h. */
#define _GNU_SOURCE
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "host/loop.h"
#include "host/path.h"
#include "host/spawn.h"
#include "keep/exits.h"

/* An event that arrived while a call waited for its answer. */
struct event {
    struct event *next;
    uint32_t op;
    struct keep_child child;
};

union answer {
    struct keep_reply reply;
    uint8_t space[sizeof(struct keep_reply) + KEEP_PAGE * sizeof(struct keep_child)];
};

struct packet {
    struct keep_request request;
    char text[KEEP_TEXT_MAX];
};

struct keeper {
    struct loop *loop;
    struct keeper_listener listener;
    struct loop_source *source;
    struct loop_timer *later; /* events wait */
    struct event *events, **events_end;
    uint64_t sequence;
    int socket; /* -1: lost */
    int pidfd;  /* of the keep; -1 before it has said who it is */
    bool told_lost;
};

static int make_address(struct sockaddr_un *address, const char *run_dir, struct error *err)
{
    char path[PATH_MAX];
    int result = path_join(path, run_dir, "keep.sock", err);
    if (result < 0)
        return result;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address->sun_path)
        return error_set(err, ENAMETOOLONG, "open socket", path, NULL);
    memcpy(address->sun_path, path, strlen(path) + 1);
    return 0;
}

static int try_connect(const struct sockaddr_un *address)
{
    cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    return connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 ? -errno : fd_take(&fd);
}

static int listen_for_daemons(const struct sockaddr_un *address, struct error *err)
{
    cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    unlink(address->sun_path);
    if (fd < 0 || bind(fd, (const struct sockaddr *)address, sizeof *address) < 0 ||
        chmod(address->sun_path, 0600) < 0 || listen(fd, 8) < 0)
        return error_set(err, errno, "open socket", address->sun_path, NULL);
    return fd_take(&fd);
}

static int open_exits(const char *run_dir, int flags, struct error *err)
{
    char path[PATH_MAX];
    int result = path_join(path, run_dir, "keep.exits", err);
    if (result < 0)
        return result;
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? error_set(err, errno, "open the record of exits", path, NULL) : fd;
}

/* The keep gets a socket that listens already: the connection that follows cannot come too early. */
static int start_keep(const struct sockaddr_un *address, const char *run_dir, struct error *err)
{
    char program[PATH_MAX];
    char *arguments[] = {(char *)"bivy-keep", (char *)"--listen=@3", (char *)"--exits=@4", NULL};
    int result = path_program(program, "bivy-keep", err);
    if (result < 0)
        return result;
    cleanup_fd int listener = listen_for_daemons(address, err);
    cleanup_fd int exits = listener < 0 ? -1 : open_exits(run_dir, O_RDWR | O_CREAT, err);
    if (listener < 0 || exits < 0)
        return -EIO;
    int fds[] = {-1, -1, STDERR_FILENO, listener, exits};
    struct spawn spawn = {
        .program = program, .arguments = arguments, .fds = fds, .fd_count = 5, .new_session = true};
    cleanup_fd int pidfd = -1;
    pid_t pid = spawn_program(&spawn, &pidfd, err);
    return pid < 0 ? (int)pid : 0;
}

static void free_events(struct keeper *keeper)
{
    while (keeper->events != NULL) {
        struct event *event = keeper->events;
        keeper->events = event->next;
        free(event);
    }
    keeper->events_end = &keeper->events;
}

static void hand_on(void *context)
{
    struct keeper *keeper = context;
    keeper->later = NULL;
    while (keeper->events != NULL) {
        struct event *event = keeper->events;
        keeper->events = event->next;
        if (keeper->events == NULL)
            keeper->events_end = &keeper->events;
        if (event->op == KEEP_EXITED)
            keeper->listener.exited(keeper->listener.context, &event->child);
        else if (event->op == KEEP_CONSOLE)
            keeper->listener.console(keeper->listener.context, event->child.id);
        free(event);
    }
    if (keeper->socket < 0 && !keeper->told_lost) {
        keeper->told_lost = true;
        keeper->listener.lost(keeper->listener.context);
    }
}

static void hand_on_later(struct keeper *keeper)
{
    if (keeper->later == NULL)
        keeper->later = loop_after(keeper->loop, 0, hand_on, keeper, NULL);
}

/* Waits until the keep is gone, which it was told to be. */
static void await_end(struct keeper *keeper)
{
    struct pollfd gone = {.fd = keeper->pidfd, .events = POLLIN};
    if (keeper->pidfd >= 0 && poll(&gone, 1, KEEPER_TIMEOUT_MS) == 0)
        log_warning("bivy-keep still runs, %d s after its end was asked for", KEEPER_TIMEOUT_MS / 1000);
}

/* What is taken for dead must be dead: a keep that was only slow would go on with its children for ever. */
static void keeper_lose(struct keeper *keeper)
{
    if (keeper->pidfd >= 0 && syscall(SYS_pidfd_send_signal, keeper->pidfd, SIGKILL, NULL, 0) == 0)
        await_end(keeper);
    fd_close(&keeper->pidfd);
    loop_remove(&keeper->source);
    fd_close(&keeper->socket);
    hand_on_later(keeper);
}

static void queue_event(struct keeper *keeper, const struct keep_reply *reply)
{
    struct event *event = reply->count == 1 ? calloc(1, sizeof *event) : NULL;
    if (event == NULL)
        return;
    event->op = reply->op;
    event->child = reply->child[0];
    event->child.name[KEEP_NAME_SIZE - 1] = '\0';
    *keeper->events_end = event;
    keeper->events_end = &event->next;
    hand_on_later(keeper);
}

/* Receives one packet; false once there is none now, or the keep is lost. */
static bool keeper_receive(struct keeper *keeper, union answer *answer, int *fd, int flags)
{
    size_t count = 1;
    ssize_t size = fd_receive(keeper->socket, answer, sizeof *answer, fd, &count, flags);
    if (count == 0)
        *fd = -1;
    if (size == -EAGAIN)
        return false;
    if (size < (ssize_t)sizeof answer->reply || answer->reply.count > KEEP_PAGE ||
        (size_t)size != sizeof answer->reply + answer->reply.count * sizeof(struct keep_child)) {
        fd_close(fd);
        keeper_lose(keeper);
        return false;
    }
    answer->reply.text[sizeof answer->reply.text - 1] = '\0';
    return true;
}

static void keeper_ready(void *context, uint32_t events)
{
    static union answer answer;
    struct keeper *keeper = context;
    int fd = -1;
    (void)events;
    while (keeper->socket >= 0 && keeper_receive(keeper, &answer, &fd, MSG_DONTWAIT)) {
        fd_close(&fd);
        if (answer.reply.sequence == 0)
            queue_event(keeper, &answer.reply);
    }
}

/* Waits until the answer to SEQUENCE is in ANSWER. */
static int keeper_wait(struct keeper *keeper, uint64_t sequence, union answer *answer, int *fd)
{
    uint64_t deadline = loop_now() + KEEPER_TIMEOUT_MS * UINT64_C(1000000);
    for (;;) {
        uint64_t now = loop_now();
        struct pollfd wait = {.fd = keeper->socket, .events = POLLIN};
        int n = now >= deadline ? 0 : poll(&wait, 1, (int)((deadline - now) / 1000000) + 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -ETIMEDOUT;
        if (!keeper_receive(keeper, answer, fd, MSG_DONTWAIT)) {
            if (keeper->socket < 0)
                return -EPIPE;
            continue;
        }
        if (answer->reply.sequence == sequence)
            return 0;
        fd_close(fd);
        if (answer->reply.sequence == 0)
            queue_event(keeper, &answer->reply);
    }
}

/* One order and its answer; *GOT (may be NULL) becomes the descriptor that came with it. */
static int keeper_call(struct keeper *keeper, struct packet *packet, size_t size, const int *fds,
                       size_t count, union answer *answer, int *got, struct error *err)
{
    static union answer unused;
    cleanup_fd int fd = -1;
    if (answer == NULL)
        answer = &unused;
    if (keeper == NULL || keeper->socket < 0)
        return error_set(err, EPIPE, "bivy-keep", NULL, "it is not running");
    packet->request.version = KEEP_VERSION;
    packet->request.sequence = ++keeper->sequence;
    ssize_t sent = fd_send(keeper->socket, packet, size, fds, count, 0);
    int result = sent < 0 ? (int)sent : keeper_wait(keeper, packet->request.sequence, answer, &fd);
    if (result < 0) {
        if (keeper->socket >= 0)
            keeper_lose(keeper);
        return error_set(err, -result, "bivy-keep", NULL, NULL);
    }
    if (answer->reply.error != 0 && answer->reply.text[0] != '\0')
        return error_set(err, -answer->reply.error, "bivy-keep", NULL, "%s", answer->reply.text);
    if (answer->reply.error != 0)
        return error_set(err, -answer->reply.error, "bivy-keep", NULL, NULL);
    if (got != NULL)
        *got = fd_take(&fd);
    return 0;
}

static int keeper_simple(struct keeper *keeper, uint32_t op, uint64_t id, uint32_t number, struct error *err)
{
    struct packet packet;
    memset(&packet.request, 0, sizeof packet.request);
    packet.request.op = op;
    packet.request.id = id;
    packet.request.number = number;
    return keeper_call(keeper, &packet, sizeof packet.request, NULL, 0, NULL, NULL, err);
}

static int keeper_hello(struct keeper *keeper, struct error *err)
{
    struct packet packet;
    union answer answer;
    memset(&packet.request, 0, sizeof packet.request);
    packet.request.op = KEEP_HELLO;
    int result = keeper_call(keeper, &packet, sizeof packet.request, NULL, 0, &answer, NULL, err);
    if (result == 0)
        keeper->pidfd = (int)syscall(SYS_pidfd_open, answer.reply.pid, 0);
    return result;
}

/* Connects and shakes hands; -EPIPE if nobody is there, or somebody who is dying. */
static int keeper_greet(struct keeper *keeper, const struct sockaddr_un *address, struct error *err)
{
    keeper->socket = try_connect(address);
    if (keeper->socket < 0) {
        keeper->socket = -1;
        return error_set(err, EPIPE, "connect to bivy-keep", address->sun_path, "it is not running");
    }
    int result = keeper_hello(keeper, err);
    if (result == -EPROTO)
        error_hint(err,
                   "stop the unikernels with the version of Bivy that started them, then start this one");
    /* A socket can be connected to until the last moment of the one that listens. */
    return result == -ECONNRESET ? -EPIPE : result;
}

static int keeper_connect(struct keeper *keeper, const char *run_dir, bool *started, struct error *err)
{
    struct sockaddr_un address;
    int result = make_address(&address, run_dir, err);
    if (result == 0)
        result = keeper_greet(keeper, &address, err);
    *started = result == -EPIPE;
    if (!*started)
        return result;
    loop_cancel(&keeper->later);
    result = start_keep(&address, run_dir, err);
    return result < 0 ? result : keeper_greet(keeper, &address, err);
}

struct keeper *keeper_open(const char *run_dir, struct loop *loop, const struct keeper_listener *listener,
                           bool *started, struct error *err)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL) {
        error_set(err, ENOMEM, "connect to bivy-keep", NULL, NULL);
        return NULL;
    }
    *keeper = (struct keeper){.loop = loop, .listener = *listener, .socket = -1, .pidfd = -1};
    keeper->events_end = &keeper->events;
    if (keeper_connect(keeper, run_dir, started, err) == 0)
        keeper->source = loop_add(loop, keeper->socket, EPOLLIN, keeper_ready, keeper, err);
    if (keeper->source != NULL)
        return keeper;
    keeper_close(keeper);
    return NULL;
}

void keeper_close(struct keeper *keeper)
{
    if (keeper == NULL)
        return;
    loop_cancel(&keeper->later);
    loop_remove(&keeper->source);
    fd_close(&keeper->socket);
    fd_close(&keeper->pidfd);
    free_events(keeper);
    free(keeper);
}

/* Writes the path and the arguments behind the request; the packet's size, or -errno. */
static ssize_t pack_text(struct packet *packet, const struct keeper_spawn *spawn)
{
    size_t at = 0;
    uint32_t count = 0;
    const char *part = spawn->program;
    do {
        size_t size = strlen(part) + 1;
        if (size > sizeof packet->text - at || count > KEEP_ARGUMENTS_MAX)
            return -E2BIG;
        memcpy(packet->text + at, part, size);
        at += size;
        part = spawn->arguments[count++];
    } while (part != NULL);
    packet->request.u.spawn.argument_count = count - 1;
    packet->request.u.spawn.text_size = (uint32_t)at;
    return (ssize_t)(offsetof(struct packet, text) + at);
}

pid_t keeper_spawn(struct keeper *keeper, const struct keeper_spawn *spawn, struct error *err)
{
    static struct packet packet;
    static union answer answer;
    int fds[FD_PASS_MAX];
    size_t count = 0;
    struct keep_spawn *request = &packet.request.u.spawn;
    memset(&packet.request, 0, sizeof packet.request);
    packet.request.op = KEEP_SPAWN;
    *request = (struct keep_spawn){.id = spawn->id, .uid = spawn->uid, .gid = spawn->gid};
    snprintf(request->name, sizeof request->name, "%s", spawn->name);
    if (spawn->cpus != NULL) {
        request->cpu_words = KEEP_CPU_WORDS;
        memcpy(request->cpus, spawn->cpus, sizeof request->cpus);
    }
    if (spawn->ring >= 0) {
        request->flags |= KEEP_SPAWN_CONSOLE;
        fds[count++] = spawn->ring;
    }
    if (spawn->fd_count > FD_PASS_MAX - count)
        return error_set(err, E2BIG, "start", spawn->name, "more than %d descriptors", FD_PASS_MAX);
    for (size_t i = 0; i < spawn->fd_count; i++)
        fds[count++] = spawn->fds[i];
    ssize_t size = pack_text(&packet, spawn);
    if (size < 0)
        return error_set(err, (int)-size, "start", spawn->name, "too many or too long arguments");
    int result = keeper_call(keeper, &packet, (size_t)size, fds, count, &answer, NULL, err);
    return result < 0 ? result : answer.reply.pid;
}

int keeper_signal(struct keeper *keeper, uint64_t id, int number, struct error *err)
{
    return keeper_simple(keeper, KEEP_SIGNAL, id, (uint32_t)number, err);
}

int keeper_acknowledge(struct keeper *keeper, uint64_t id, struct error *err)
{
    return keeper_simple(keeper, KEEP_ACKNOWLEDGE, id, 0, err);
}

int keeper_children(struct keeper *keeper, void (*function)(void *, const struct keep_child *), void *context,
                    struct error *err)
{
    struct packet packet;
    union answer answer;
    uint64_t after = 0;
    do {
        memset(&packet.request, 0, sizeof packet.request);
        packet.request.op = KEEP_LIST;
        packet.request.id = after;
        int result = keeper_call(keeper, &packet, sizeof packet.request, NULL, 0, &answer, NULL, err);
        if (result < 0)
            return result;
        for (uint32_t i = 0; i < answer.reply.count; i++) {
            answer.reply.child[i].name[KEEP_NAME_SIZE - 1] = '\0';
            after = answer.reply.child[i].id;
            function(context, &answer.reply.child[i]);
        }
    } while (answer.reply.count == KEEP_PAGE);
    return 0;
}

static int keeper_named(struct keeper *keeper, uint32_t op, const char *name, const int *fd, int *got,
                        struct error *err)
{
    struct packet packet;
    memset(&packet.request, 0, sizeof packet.request);
    packet.request.op = op;
    snprintf(packet.request.u.name, sizeof packet.request.u.name, "%s", name);
    return keeper_call(keeper, &packet, sizeof packet.request, fd, fd != NULL ? 1 : 0, NULL, got, err);
}

int keeper_hold(struct keeper *keeper, const char *name, int fd, struct error *err)
{
    return keeper_named(keeper, KEEP_HOLD, name, &fd, NULL, err);
}

int keeper_fetch(struct keeper *keeper, const char *name, struct error *err)
{
    int fd = -1;
    int result = keeper_named(keeper, KEEP_FETCH, name, NULL, &fd, err);
    if (result == 0 && fd < 0)
        return error_set(err, EPROTO, "bivy-keep", name, "no descriptor came");
    return result < 0 ? result : fd;
}

int keeper_drop(struct keeper *keeper, const char *name, struct error *err)
{
    return keeper_named(keeper, KEEP_DROP, name, NULL, NULL, err);
}

int keeper_quit(struct keeper *keeper, struct error *err)
{
    int result = keeper_simple(keeper, KEEP_QUIT, 0, 0, err);
    if (result == 0)
        await_end(keeper);
    return result;
}

int keeper_exits(const char *run_dir, void (*function)(void *, const struct keep_child *), void *context)
{
    cleanup_fd int fd = open_exits(run_dir, O_RDONLY, NULL);
    return fd < 0 ? fd : exits_read(fd, function, context);
}
