/*
 * main.c: bivy-keep holds what must outlive the daemon: the tenders, their consoles, the sockets of
 * their networks.
 *
 * It is as small as can be, so that nothing in it needs to be replaced while unikernels run: it
 * opens no file and no socket of its own (all are passed in), takes orders from one daemon at a
 * time over a local socket, and reads nothing that a guest wrote but to copy it into a ring.
 *
 *   bivy-keep --listen=@FD --exits=@FD
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "exits.h"
#include "hold.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "host/loop.h"

#define IDLE_NS UINT64_C(5000000000) /* without a daemon and without a child: nobody will come */

struct keep {
    struct loop *loop;
    struct loop_timer *idle; /* while there is no daemon */
    struct children children;
    struct hold *held;
    struct loop_source *listen_source, *daemon_source;
    int listener, daemon; /* daemon: -1 while there is none */
};

/* A packet, with room for the text of KEEP_SPAWN. */
struct packet {
    struct keep_request request;
    char text[KEEP_TEXT_MAX];
};

union answer {
    struct keep_reply reply;
    uint8_t space[sizeof(struct keep_reply) + KEEP_PAGE * sizeof(struct keep_child)];
};

/* A daemon that died before it started anything, or whose last child has ended since, leaves nothing to keep;
 * how children ended stands in the file. */
static void idle(void *context)
{
    struct keep *keep = context;
    keep->idle = NULL;
    if (children_running(&keep->children))
        keep->idle = loop_after(keep->loop, IDLE_NS, idle, keep, NULL);
    else
        loop_stop(keep->loop);
}

static void keep_hang_up(struct keep *keep)
{
    if (keep->idle == NULL)
        keep->idle = loop_after(keep->loop, IDLE_NS, idle, keep, NULL);
    loop_remove(&keep->daemon_source);
    fd_close(&keep->daemon);
}

static ssize_t keep_send(struct keep *keep, union answer *answer, const int *fd)
{
    answer->reply.version = KEEP_VERSION;
    size_t size = sizeof answer->reply + answer->reply.count * sizeof(struct keep_child);
    return fd_send(keep->daemon, answer, size, fd, fd != NULL ? 1 : 0, MSG_DONTWAIT);
}

/* An event is sent at once or, when the socket is full, as soon as there is room. */
static bool keep_tell(void *context, enum keep_op op, const struct keep_child *child)
{
    struct keep *keep = context;
    union answer answer = {.reply = {.op = op, .count = 1}};
    if (keep->daemon < 0)
        return true; /* the next daemon asks for the list */
    memcpy(answer.reply.child, child, sizeof *child);
    ssize_t sent = keep_send(keep, &answer, NULL);
    if (sent == -EAGAIN)
        loop_change(keep->daemon_source, EPOLLIN | EPOLLOUT);
    return sent != -EAGAIN;
}

static int do_spawn(struct keep *keep, struct packet *packet, size_t size, const int *fds, size_t count,
                    struct keep_reply *reply, struct error *err)
{
    struct keep_spawn *spawn = &packet->request.u.spawn;
    struct keep_child child;
    spawn->name[KEEP_NAME_SIZE - 1] = '\0';
    if (spawn->text_size != size - sizeof packet->request)
        return error_set(err, EINVAL, "start program", spawn->name, "malformed request");
    int result = child_start(&keep->children, spawn, packet->text, fds, count, &child, err);
    if (result == 0) {
        reply->pid = child.pid;
        reply->start_ticks = child.start_ticks;
    }
    return result;
}

static int do_hold(struct keep *keep, const char *name, const int *fds, size_t count)
{
    if (count != 1)
        return -EINVAL;
    int own = dup(fds[0]);
    return own < 0 ? -errno : hold_put(&keep->held, name, own);
}

static int do_quit(struct keep *keep)
{
    if (children_running(&keep->children))
        return -EBUSY;
    loop_stop(keep->loop);
    return 0;
}

/* Carries out one request; *SEND_FD becomes a descriptor to send along. */
static int keep_do(struct keep *keep, struct packet *packet, size_t size, const int *fds, size_t count,
                   struct keep_reply *reply, int *send_fd, struct error *err)
{
    struct keep_request *request = &packet->request;
    if (request->op == KEEP_SPAWN)
        return do_spawn(keep, packet, size, fds, count, reply, err);
    if (request->op >= KEEP_HOLD && request->op <= KEEP_DROP)
        request->u.name[KEEP_NAME_SIZE - 1] = '\0';
    switch (request->op) {
    case KEEP_HELLO:
        reply->pid = getpid();
        return 0;
    case KEEP_SIGNAL:
        return child_signal(&keep->children, request->id, (int)request->number);
    case KEEP_LIST:
        reply->count = (uint32_t)children_list(&keep->children, request->id, reply->child, KEEP_PAGE);
        return 0;
    case KEEP_ACKNOWLEDGE:
        return child_forget(&keep->children, request->id);
    case KEEP_HOLD:
        return do_hold(keep, request->u.name, fds, count);
    case KEEP_FETCH:
        *send_fd = hold_get(keep->held, request->u.name);
        return *send_fd < 0 ? -ENOENT : 0;
    case KEEP_DROP:
        return hold_drop(&keep->held, request->u.name);
    case KEEP_QUIT:
        return do_quit(keep);
    default:
        return -ENOSYS;
    }
}

static void keep_answer(struct keep *keep, struct packet *packet, size_t size, const int *fds, size_t count)
{
    static union answer answer;
    struct error err = {0};
    int send_fd = -1;
    memset(&answer.reply, 0, sizeof answer.reply);
    answer.reply.op = packet->request.op;
    answer.reply.sequence = packet->request.sequence;
    if (packet->request.version != KEEP_VERSION)
        answer.reply.error = error_set(&err, EPROTO, "keep", NULL, "version %u, not %u",
                                       packet->request.version, KEEP_VERSION);
    else
        answer.reply.error = keep_do(keep, packet, size, fds, count, &answer.reply, &send_fd, &err);
    memcpy(answer.reply.text, err.text, sizeof answer.reply.text);
    /* A daemon waits for its answer: only a dead or broken one leaves the socket full. */
    if (keep_send(keep, &answer, send_fd >= 0 ? &send_fd : NULL) < 0)
        keep_hang_up(keep);
}

static void daemon_ready(void *context, uint32_t events)
{
    static struct packet packet;
    struct keep *keep = context;
    int fds[FD_PASS_MAX];
    size_t count = FD_PASS_MAX;
    if (events & EPOLLOUT) {
        loop_change(keep->daemon_source, EPOLLIN);
        children_tell_again(&keep->children);
    }
    if (!(events & ~(uint32_t)EPOLLOUT))
        return;
    ssize_t size = fd_receive(keep->daemon, &packet, sizeof packet, fds, &count, MSG_DONTWAIT);
    if (size == -EAGAIN)
        return;
    if (size >= (ssize_t)sizeof packet.request && packet.request.sequence != 0)
        keep_answer(keep, &packet, (size_t)size, fds, count);
    else
        keep_hang_up(keep);
    while (size > 0 && count > 0)
        close(fds[--count]);
}

static bool same_user(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void daemon_comes(void *context, uint32_t events)
{
    struct keep *keep = context;
    struct error err;
    (void)events;
    int fd = accept4(keep->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 || !same_user(fd)) {
        fd_close(&fd);
        return;
    }
    keep_hang_up(keep);
    loop_cancel(&keep->idle);
    keep->daemon = fd;
    keep->daemon_source = loop_add(keep->loop, fd, EPOLLIN, daemon_ready, keep, &err);
    if (keep->daemon_source == NULL)
        keep_hang_up(keep);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int keep_run(int listener, int exits_fd, struct error *err)
{
    struct keep keep = {.listener = listener, .daemon = -1};
    keep.loop = loop_create(err);
    if (keep.loop == NULL)
        return -ENOMEM;
    keep.children =
        (struct children){.loop = keep.loop, .exits_fd = exits_fd, .tell = keep_tell, .context = &keep};
    keep.listen_source = loop_add(keep.loop, listener, EPOLLIN, daemon_comes, &keep, err);
    if (keep.listen_source == NULL)
        return -ENOMEM;
    keep.idle = loop_after(keep.loop, IDLE_NS, idle, &keep, NULL);
    raise_descriptor_limit();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write */
    /* The keep ends when it is told to by its daemon, not with a terminal or a group. */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    int result = loop_run(keep.loop);
    return result < 0 ? error_set(err, -result, "wait for events", NULL, NULL) : 0;
}

static int descriptor_option(const char *argument, const char *prefix)
{
    size_t size = strlen(prefix);
    if (strncmp(argument, prefix, size) != 0 || argument[size] == '\0')
        return -1;
    char *end;
    long fd = strtol(argument + size, &end, 10);
    return *end == '\0' && fd >= 3 && fd < 65536 ? (int)fd : -1;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    log_open("bivy-keep", LOG_LEVEL_INFO);
    int listener = argc == 3 ? descriptor_option(argv[1], "--listen=@") : -1;
    int exits_fd = argc == 3 ? descriptor_option(argv[2], "--exits=@") : -1;
    if (listener < 0 || exits_fd < 0) {
        log_error("bivy-keep is started by bivyd: bivy-keep --listen=@FD --exits=@FD");
        return 2;
    }
    if (exits_format(exits_fd, &err) < 0 || keep_run(listener, exits_fd, &err) < 0) {
        log_failure(&err);
        return 1;
    }
    return 0;
}
