/* service.c: what `bivy up` and `bivy down` share: directories, and who answers; see service.h. */
#define _GNU_SOURCE
#include "service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/client.h"
#include "daemon.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/path.h"

#define ANSWER_TIMEOUT_MS 5000
#define CONNECT_PAUSE_MS  20
#define STOP_TIMEOUT_MS   60000 /* guests are asked first and killed later */

/* What the services are given must hold whatever directory they are started in. */
static int make_absolute(char path[static PATH_MAX], struct error *err)
{
    char whole[PATH_MAX];
    if (realpath(path, whole) == NULL)
        return error_set(err, errno, "find directory", path, NULL);
    strcpy(path, whole);
    return 0;
}

int service_open(struct service *service, const char *run_directory, const char *state_directory,
                 struct error *err)
{
    char path[PATH_MAX];
    service->lock = -1;
    int result = path_run_directory(service->run_directory, daemon_run_directory(run_directory), err);
    if (result == 0)
        result = make_absolute(service->run_directory, err);
    if (result == 0)
        result = path_state_directory(service->state_directory, state_directory, err);
    if (result == 0)
        result = make_absolute(service->state_directory, err);
    if (result == 0)
        result = path_join(path, service->run_directory, "up.lock", err);
    if (result < 0)
        return result;
    service->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (service->lock < 0 || flock(service->lock, LOCK_EX) < 0)
        return error_set(err, errno, "lock", path, NULL);
    return 0;
}

void service_close(struct service *service)
{
    fd_close(&service->lock);
}

bool service_daemon_answers(const struct service *service)
{
    struct wire_arena arena = {.limit = 0};
    struct wire_host host;
    cleanup_client struct client *client = client_open(service->run_directory, NULL);
    if (client == NULL)
        return false;
    client_set_timeout(client, ANSWER_TIMEOUT_MS);
    int result = client_host(client, ":", &arena, &host, NULL);
    wire_arena_free(&arena);
    return result == 0;
}

/* Whether somebody listens where URL ("http://HOST:PORT...") points. */
static bool url_answers(const char *url)
{
    char host[128];
    const char *start = strstr(url, "://");
    if (start == NULL)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)strcspn(start + 3, "/"), start + 3);
    char *colon = strrchr(host, ':');
    if (colon == NULL)
        return false;
    *colon = '\0';
    char *name = host;
    if (name[0] == '[') {
        name++;
        name[strcspn(name, "]")] = '\0';
    }
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    if (getaddrinfo(name, colon + 1, &wanted, &found) != 0)
        return false;
    cleanup_fd int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
    freeaddrinfo(found);
    return answers;
}

bool service_web_answers(const struct service *service, struct service_web *web)
{
    char path[PATH_MAX];
    const char *url = NULL;
    const char *code = NULL;
    int pid = 0;
    if (path_join(path, service->run_directory, "web.json", NULL) < 0)
        return false;
    json_t *json = json_load_file(path, 0, NULL);
    memset(web, 0, sizeof *web);
    if (json != NULL && json_unpack(json, "{s:s, s?:i}", "url", &url, "pid", &pid) == 0) {
        code = json_string_value(json_object_get(json, "setup_code"));
        snprintf(web->url, sizeof web->url, "%s", url);
        snprintf(web->setup_code, sizeof web->setup_code, "%s", code != NULL ? code : "");
        web->pid = pid;
    }
    json_decref(json);
    return web->url[0] != '\0' && web->pid > 0 && kill(web->pid, 0) == 0 && url_answers(web->url);
}

/* Waits until the process behind PIDFD has ended. */
static int wait_gone(int pidfd, const char *program, struct error *err)
{
    struct pollfd gone = {.fd = pidfd, .events = POLLIN};
    if (poll(&gone, 1, STOP_TIMEOUT_MS) == 1)
        return 0;
    return error_set(err, ETIMEDOUT, "stop", program, "it did not end within %d s", STOP_TIMEOUT_MS / 1000);
}

/* Whether the process PID runs PROGRAM: a number in a file may by now be somebody else's. By its name, not by
 * its file, which a process that hides from debuggers hides too. */
static bool process_is(pid_t pid, const char *program)
{
    char path[64];
    char name[32];
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : fd_read_all(fd, name, sizeof name - 1);
    name[n > 0 ? n : 0] = '\0';
    name[strcspn(name, "\n")] = '\0';
    return strcmp(name, program) == 0;
}

int service_stop_web(const struct service *service, struct error *err)
{
    struct service_web web;
    service_web_answers(service, &web);
    if (web.pid <= 0 || !process_is(web.pid, "bivy-web"))
        return 0;
    cleanup_fd int pidfd = (int)syscall(SYS_pidfd_open, web.pid, 0);
    if (pidfd < 0)
        return 0;
    syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0);
    return wait_gone(pidfd, "bivy-web", err);
}

/* The daemon's process by RUN/bivyd.pid, as a pidfd; -1: none runs. */
static int daemon_process(const struct service *service)
{
    char path[PATH_MAX];
    char text[24];
    if (path_join(path, service->run_directory, "bivyd.pid", NULL) < 0)
        return -1;
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : fd_read_all(fd, text, sizeof text - 1);
    if (n <= 0)
        return -1;
    text[n] = '\0';
    pid_t pid = (pid_t)strtol(text, NULL, 10);
    cleanup_fd int pidfd = pid > 0 && process_is(pid, "bivyd") ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    struct pollfd gone = {.fd = pidfd, .events = POLLIN};
    /* One that has ended keeps its number until its parent has looked. */
    return pidfd >= 0 && poll(&gone, 1, 0) == 0 ? fd_take(&pidfd) : -1;
}

/* Whether a bivy-keep is there. It hears one daemon at a time, so this is asked only when there is none. */
static bool keep_runs(const struct service *service)
{
    char path[PATH_MAX];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (path_join(path, service->run_directory, "keep.sock", NULL) < 0 ||
        strlen(path) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, path, strlen(path) + 1);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

/* A daemon that starts is waited for: told to end by a signal it would leave its unikernels behind. */
static struct client *open_client(const struct service *service, int pidfd)
{
    struct client *client = client_open(service->run_directory, NULL);
    for (int i = 0; client == NULL && pidfd >= 0 && i < ANSWER_TIMEOUT_MS / CONNECT_PAUSE_MS; i++) {
        struct pollfd gone = {.fd = pidfd, .events = POLLIN};
        if (poll(&gone, 1, CONNECT_PAUSE_MS) != 0)
            return NULL;
        client = client_open(service->run_directory, NULL);
    }
    return client;
}

int service_stop_daemon(struct service *service, struct error *err)
{
    struct wire_arena arena = {.limit = 0};
    struct wire_bivy_reply reply;
    struct wire_bivy_request request = {.kind = WIRE_BIVY_REQUEST_SHUTDOWN};
    cleanup_fd int pidfd = daemon_process(service);
    if (pidfd < 0 && keep_runs(service)) {
        /* The daemon was killed and its unikernels run on: only a daemon can end them in order. */
        if (service_start_daemon(service, err) < 0)
            return -EIO;
        pidfd = daemon_process(service);
    }
    cleanup_client struct client *client = open_client(service, pidfd);
    if (client == NULL && pidfd < 0)
        return 0;
    int result = 0;
    if (client != NULL)
        result = client_request(client, ":", &request, 0, &arena, &reply, err);
    else
        syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0);
    wire_arena_free(&arena);
    return result < 0 || pidfd < 0 ? result : wait_gone(pidfd, "bivyd", err);
}
