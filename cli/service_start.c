/* service_start.c: starting bivyd and bivy-web behind the back of a terminal; see service.h. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "host/path.h"
#include "host/spawn.h"
#include "service.h"

#define START_TIMEOUT_MS 30000
#define START_STEP_MS    10

struct starting {
    const char *program, *log_name;
    char log[PATH_MAX];
    int log_fd, pidfd;
    off_t log_start; /* where this run's lines begin */
};

static int open_log(const struct service *service, struct starting *it, struct error *err)
{
    int result = path_join(it->log, service->state_directory, it->log_name, err);
    if (result < 0)
        return result;
    it->log_fd = open(it->log, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (it->log_fd < 0)
        return error_set(err, errno, "open log", it->log, NULL);
    it->log_start = lseek(it->log_fd, 0, SEEK_END);
    return 0;
}

/* The last line that it wrote to its log: why it ended. */
static int refuse(const struct starting *it, int code, const char *why, struct error *err)
{
    char text[400];
    struct stat st;
    off_t from =
        fstat(it->log_fd, &st) == 0 && st.st_size > it->log_start + 399 ? st.st_size - 399 : it->log_start;
    ssize_t n = pread(it->log_fd, text, sizeof text - 1, from);
    text[n > 0 ? n : 0] = '\0';
    for (size_t size = strlen(text); size > 0 && text[size - 1] == '\n'; size--)
        text[size - 1] = '\0';
    const char *line = strrchr(text, '\n');
    line = line != NULL ? line + 1 : text;
    error_set(err, code, "start", it->program, "%s%s%s", why, line[0] != '\0' ? ": " : "", line);
    error_hint(err, "its log: %.200s", it->log);
    return -code;
}

static int start(const struct service *service, struct starting *it, char *const *extra, struct error *err)
{
    char program[PATH_MAX];
    char run_option[] = "--run-dir";
    char state_option[] = "--state-dir";
    char *arguments[12] = {program, run_option, (char *)(uintptr_t)service->run_directory, state_option,
                           (char *)(uintptr_t)service->state_directory};
    for (size_t i = 0; i < 6 && extra[i] != NULL; i++)
        arguments[5 + i] = extra[i];
    int result = path_program(program, it->program, err);
    if (result == 0)
        result = open_log(service, it, err);
    if (result < 0)
        return result;
    const int fds[] = {-1, it->log_fd, it->log_fd};
    struct spawn spawn = {.program = program,
                          .arguments = arguments,
                          .environment = environ,
                          .fds = fds,
                          .fd_count = 3,
                          .new_session = true};
    pid_t pid = spawn_program(&spawn, &it->pidfd, err);
    return pid < 0 ? (int)pid : 0;
}

/* Waits a step; false when there is no use in waiting on: it ended, or took too long. */
static bool wait_step(const struct starting *it, int *waited_ms)
{
    struct pollfd ended = {.fd = it->pidfd, .events = POLLIN};
    *waited_ms += START_STEP_MS;
    return poll(&ended, 1, START_STEP_MS) == 0 && *waited_ms < START_TIMEOUT_MS;
}

static int give_up(const struct starting *it, int waited_ms, struct error *err)
{
    if (waited_ms >= START_TIMEOUT_MS)
        return refuse(it, ETIMEDOUT, "it does not answer", err);
    return refuse(it, ECHILD, "it ended at once", err);
}

static void finish(struct starting *it)
{
    fd_close(&it->log_fd);
    fd_close(&it->pidfd);
}

int service_start_daemon(const struct service *service, struct error *err)
{
    struct starting it = {.program = "bivyd", .log_name = "bivyd.log", .log_fd = -1, .pidfd = -1};
    char foreground[] = "--foreground";
    char *const extra[] = {foreground, NULL};
    int waited_ms = 0;
    if (service_daemon_answers(service))
        return 0;
    int result = start(service, &it, extra, err);
    while (result == 0 && !service_daemon_answers(service))
        if (!wait_step(&it, &waited_ms))
            result = give_up(&it, waited_ms, err);
    finish(&it);
    return result;
}

/* Without LISTEN bivy-web itself takes the first free port of the loopback: to look for one here and name it
 * would lose it to whoever is faster. */
int service_start_web(const struct service *service, const char *listen, struct service_web *web,
                      struct error *err)
{
    struct starting it = {.program = "bivy-web", .log_name = "bivy-web.log", .log_fd = -1, .pidfd = -1};
    char option[] = "--listen";
    char *const extra[] = {listen != NULL ? option : NULL, (char *)(uintptr_t)listen, NULL};
    int waited_ms = 0;
    if (service_web_answers(service, web))
        return 0;
    int result = start(service, &it, extra, err);
    while (result == 0 && !service_web_answers(service, web))
        if (!wait_step(&it, &waited_ms))
            result = give_up(&it, waited_ms, err);
    finish(&it);
    return result;
}
