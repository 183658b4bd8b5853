/* build_tool.c: running the compiler and the linker, several at a time, and hearing what they say. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "host/buffer.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/spawn.h"

#define AT_A_TIME 16

/* The caller's environment, but with messages in English: build_link_explain() reads them. */
static char **tool_environment(void)
{
    size_t count = 0, kept = 0;
    char **copy;

    while (environ[count])
        count++;
    copy = calloc(count + 2, sizeof *copy);
    if (!copy)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], "LC_", 3) != 0 && strncmp(environ[i], "LANG", 4) != 0)
            copy[kept++] = environ[i];
    }
    copy[kept] = (char *)(uintptr_t) "LC_ALL=C";
    return copy;
}

static pid_t tool_start(char *const *arguments, int messages, int *pidfd, struct error *err)
{
    const int fds[] = {-1, STDERR_FILENO, messages};
    char **environment = tool_environment();
    struct spawn spawn = {.program = arguments[0],
                          .arguments = arguments,
                          .environment = environment,
                          .fds = fds,
                          .fd_count = 3,
                          .die_with_parent = true};
    pid_t pid =
        environment ? spawn_program(&spawn, pidfd, err) : error_set(err, ENOMEM, "run", arguments[0], NULL);

    free(environment);
    return pid;
}

/* The exit status of a program that is known to have ended or is about to. */
static int tool_wait(int pidfd)
{
    struct pollfd event = {.fd = pidfd, .events = POLLIN};
    int status = 0, reaped;

    while ((reaped = spawn_reap(pidfd, &status)) == 0)
        poll(&event, 1, -1);
    return reaped < 0 ? reaped : status;
}

int build_tool_run(char *const *arguments, struct buffer *messages, struct error *err)
{
    cleanup_fd int in = -1, out = -1, pidfd = -1;
    int ends[2];
    pid_t pid;

    if (messages) {
        if (pipe2(ends, O_CLOEXEC) < 0)
            return error_set(err, errno, "run", arguments[0], NULL);
        in = ends[0];
        out = ends[1];
    }
    pid = tool_start(arguments, messages ? out : STDERR_FILENO, &pidfd, err);
    fd_close(&out);
    if (pid < 0)
        return (int)pid;
    while (messages) {
        uint8_t chunk[4096];
        ssize_t n = fd_read_all(in, chunk, sizeof chunk);
        if (n <= 0)
            break;
        /* Beyond the limit messages are dropped, but still read, so that the program can end. */
        (void)buffer_append(messages, chunk, (size_t)n);
    }
    return tool_wait(pidfd);
}

struct running {
    int pidfds[AT_A_TIME];
    size_t programs[AT_A_TIME];
    size_t count;
};

/* Waits for one of the running programs; its status, and in *PROGRAM which it was. */
static int wait_any(struct running *running, size_t *program)
{
    struct pollfd events[AT_A_TIME];
    size_t i = 0;
    int status;

    for (size_t n = 0; n < running->count; n++)
        events[n] = (struct pollfd){.fd = running->pidfds[n], .events = POLLIN};
    while (poll(events, running->count, -1) <= 0)
        continue;
    while (i + 1 < running->count && events[i].revents == 0)
        i++;
    status = tool_wait(running->pidfds[i]);
    *program = running->programs[i];
    fd_close(&running->pidfds[i]);
    running->count--;
    running->pidfds[i] = running->pidfds[running->count];
    running->programs[i] = running->programs[running->count];
    return status;
}

int build_tool_run_all(char *const *const *programs, size_t count, size_t *failed, struct error *err)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = processors < 1 ? 1 : processors > AT_A_TIME ? AT_A_TIME : (size_t)processors;
    struct running running = {.count = 0};
    size_t next = 0, ended;
    int result = 0;

    while (running.count > 0 || (next < count && result == 0)) {
        if (result == 0 && next < count && running.count < most) {
            pid_t pid = tool_start(programs[next], STDERR_FILENO, &running.pidfds[running.count], err);
            if (pid < 0) {
                result = (int)pid;
                continue;
            }
            running.programs[running.count++] = next++;
            continue;
        }
        if (wait_any(&running, &ended) != 0 && result == 0) {
            *failed = ended;
            result = -ENOEXEC;
        }
    }
    return result;
}
