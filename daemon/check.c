/* check.c: runs bivy-check; see check.h. */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "host/loop.h"
#include "host/path.h"
#include "host/spawn.h"

#define CHECK_TIMEOUT_NS (30 * UINT64_C(1000000000))

struct check {
    check_function *function;
    void *context;
    struct loop *loop;
    struct loop_source *source;
    struct loop_timer *timer;
    int begin, reply, pidfd;
};

static void check_free(struct check *check)
{
    loop_remove(&check->source);
    loop_cancel(&check->timer);
    fd_close(&check->begin);
    fd_close(&check->reply);
    fd_close(&check->pidfd);
    free(check);
}

/* What a child under someone else's influence might answer ends here. */
static int reply_sound(struct check_reply *reply)
{
    reply->text[sizeof reply->text - 1] = '\0';
    reply->hint[sizeof reply->hint - 1] = '\0';
    if (reply->devices >= MFT_MAX_ENTRIES || reply->arguments_size > sizeof reply->arguments ||
        (reply->arguments_size > 0 && reply->arguments[reply->arguments_size - 1] != '\0'))
        return 0;
    for (uint32_t i = 0; i < reply->devices; i++) {
        const char *name = reply->device[i].name;
        size_t size = strnlen(name, MFT_NAME_SIZE);
        if (size == 0 || size > MFT_NAME_MAX ||
            strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != size)
            return 0;
    }
    for (uint32_t i = 0; i < reply->arguments_size; i++)
        if (reply->arguments[i] != '\0' && (reply->arguments[i] < 0x20 || reply->arguments[i] > 0x7e))
            return 0;
    return 1;
}

static void check_ended(void *context, uint32_t events)
{
    static struct check_reply reply;
    struct check *check = context;
    struct error err = {0};
    int status = -1;
    (void)events;
    if (spawn_reap(check->pidfd, &status) == 0)
        return;
    ssize_t n = fd_read_all(check->reply, &reply, sizeof reply);
    int code;
    if (status != 0 || n != (ssize_t)sizeof reply || !reply_sound(&reply)) {
        code = error_set(&err, ENOEXEC, "check", "image", "the checker ended without an answer (status %d)",
                         status);
    } else if (reply.code != 0) {
        code = error_set(&err, reply.code > 0 && reply.code < 4096 ? reply.code : EINVAL, "refuse", NULL,
                         "%s", reply.text);
        /* Its text says all: what, which and why. */
        snprintf(err.text, sizeof err.text, "%s", reply.text);
        error_hint(&err, "%s", reply.hint);
    } else {
        code = 0;
    }
    check_function *function = check->function;
    void *function_context = check->context;
    check_free(check);
    function(function_context, code, &reply, &err);
}

static void check_timeout(void *context)
{
    struct check *check = context;
    check->timer = NULL;
    syscall(SYS_pidfd_send_signal, check->pidfd, SIGKILL, NULL, 0);
}

static int check_spawn(struct check *check, int input, int output, uint64_t limit, struct error *err)
{
    char program[PATH_MAX];
    char option[64];
    int begin[2], reply[2];
    int result = path_program(program, "bivy-check", err);
    if (result < 0)
        return result;
    if (pipe2(begin, O_CLOEXEC) < 0)
        return error_set(err, errno, "check", "image", NULL);
    cleanup_fd int begin_read = begin[0];
    check->begin = begin[1];
    if (pipe2(reply, O_CLOEXEC) < 0)
        return error_set(err, errno, "check", "image", NULL);
    check->reply = reply[0];
    cleanup_fd int reply_write = reply[1];
    snprintf(option, sizeof option, "--inflate=%llu", (unsigned long long)limit);
    char *arguments[] = {(char *)"bivy-check", output >= 0 ? option : NULL, NULL};
    int fds[] = {begin_read, reply_write, STDERR_FILENO, input, output};
    struct spawn spawn = {.program = program,
                          .arguments = arguments,
                          .fds = fds,
                          .fd_count = output >= 0 ? 5 : 4,
                          .die_with_parent = true};
    pid_t pid = spawn_program(&spawn, &check->pidfd, err);
    return pid < 0 ? (int)pid : 0;
}

struct check *check_start(struct loop *loop, int input, int output, uint64_t limit, check_function *function,
                          void *context, struct error *err)
{
    struct check *check = calloc(1, sizeof *check);
    if (check == NULL) {
        error_set(err, ENOMEM, "check", "image", NULL);
        return NULL;
    }
    *check = (struct check){
        .function = function, .context = context, .loop = loop, .begin = -1, .reply = -1, .pidfd = -1};
    if (check_spawn(check, input, output, limit, err) == 0)
        return check;
    check_free(check);
    return NULL;
}

void check_begin(struct check *check)
{
    if (write(check->begin, "", 1) != 1)
        syscall(SYS_pidfd_send_signal, check->pidfd, SIGKILL, NULL, 0);
    fd_close(&check->begin);
    check->source = loop_add(check->loop, check->pidfd, EPOLLIN, check_ended, check, NULL);
    check->timer = loop_after(check->loop, CHECK_TIMEOUT_NS, check_timeout, check, NULL);
}

void check_cancel(struct check **slot)
{
    struct check *check = *slot;
    if (check == NULL)
        return;
    *slot = NULL;
    syscall(SYS_pidfd_send_signal, check->pidfd, SIGKILL, NULL, 0);
    waitid((idtype_t)P_PIDFD, (id_t)check->pidfd, NULL, WEXITED);
    check_free(check);
}
