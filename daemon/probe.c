/* probe.c: runs bivy-probe; see probe.h. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "host/loop.h"
#include "host/path.h"
#include "host/spawn.h"
#include "probe/protocol.h"

struct probe {
    probe_function *function;
    void *context;
    struct loop *loop;
    struct loop_source *source;
    struct loop_timer *timer;
    int reply, pidfd;
    bool late;
};

static void probe_free(struct probe *probe)
{
    loop_remove(&probe->source);
    loop_cancel(&probe->timer);
    fd_close(&probe->reply);
    fd_close(&probe->pidfd);
    free(probe);
}

/* A child under a guest's influence can say what it will: it gets one of these sentences. */
static void word(const struct probe_reply *reply, char *text, size_t size)
{
    static const char *const words[] = {[PROBE_NO_CONNECTION] = "no connection",
                                        [PROBE_NO_ANSWER] = "no answer to the request",
                                        [PROBE_NO_HTTP] = "the answer is no HTTP"};
    if (reply->verdict == PROBE_STATUS && reply->status >= 100 && reply->status <= 599)
        snprintf(text, size, "HTTP status %u", (unsigned)reply->status);
    else if (reply->verdict >= PROBE_NO_CONNECTION && reply->verdict <= PROBE_NO_HTTP)
        snprintf(text, size, "%s", words[reply->verdict]);
    else
        snprintf(text, size, "the probe ended without an answer");
}

static void probe_ended(void *context, uint32_t events)
{
    struct probe *probe = context;
    struct probe_reply reply = {0};
    char why[64];
    int status = -1;
    (void)events;
    if (spawn_reap(probe->pidfd, &status) == 0)
        return;
    bool whole = status == 0 && fd_read_all(probe->reply, &reply, sizeof reply) == (ssize_t)sizeof reply;
    bool passing = whole && reply.verdict == PROBE_PASSING;
    if (probe->late)
        snprintf(why, sizeof why, "no answer in time");
    else
        word(&reply, why, sizeof why);
    probe_function *function = probe->function;
    void *function_context = probe->context;
    probe_free(probe);
    function(function_context, passing, why);
}

static void probe_late(void *context)
{
    struct probe *probe = context;
    probe->timer = NULL;
    probe->late = true;
    syscall(SYS_pidfd_send_signal, probe->pidfd, SIGKILL, NULL, 0);
}

static int probe_spawn(struct probe *probe, int socket, const char *path, const char *host, struct error *err)
{
    char program[PATH_MAX];
    int reply[2];
    int result = path_program(program, "bivy-probe", err);
    if (result < 0)
        return result;
    if (pipe2(reply, O_CLOEXEC) < 0)
        return error_set(err, errno, "check health", host, NULL);
    probe->reply = reply[0];
    cleanup_fd int reply_write = reply[1];
    char *arguments[] = {(char *)"bivy-probe", (char *)(path != NULL ? "http" : "tcp"),
                         (char *)(uintptr_t)path, (char *)(uintptr_t)host, NULL};
    int fds[] = {-1, reply_write, STDERR_FILENO, socket};
    struct spawn spawn = {
        .program = program, .arguments = arguments, .fds = fds, .fd_count = 4, .die_with_parent = true};
    pid_t pid = spawn_program(&spawn, &probe->pidfd, err);
    return pid < 0 ? (int)pid : 0;
}

struct probe *probe_start(struct loop *loop, int socket, const char *path, const char *host,
                          uint64_t timeout_ns, probe_function *function, void *context, struct error *err)
{
    struct probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL) {
        error_set(err, ENOMEM, "check health", host, NULL);
        return NULL;
    }
    *probe = (struct probe){.function = function, .context = context, .loop = loop, .reply = -1, .pidfd = -1};
    int result = probe_spawn(probe, socket, path, host, err);
    if (result == 0) {
        probe->source = loop_add(loop, probe->pidfd, EPOLLIN, probe_ended, probe, err);
        probe->timer = loop_after(loop, timeout_ns, probe_late, probe, err);
        if (probe->source != NULL && probe->timer != NULL)
            return probe;
    }
    probe_cancel(&probe);
    return NULL;
}

void probe_cancel(struct probe **slot)
{
    struct probe *probe = *slot;
    if (probe == NULL)
        return;
    *slot = NULL;
    if (probe->pidfd >= 0) {
        syscall(SYS_pidfd_send_signal, probe->pidfd, SIGKILL, NULL, 0);
        waitid((idtype_t)P_PIDFD, (id_t)probe->pidfd, NULL, WEXITED);
    }
    probe_free(probe);
}
