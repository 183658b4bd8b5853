/*
 * main.c: bivy-probe asks one guest once whether it works, and says what it found.
 *
 *   bivy-probe tcp              the connection is all that is wanted
 *   bivy-probe http PATH HOST   GET PATH answers with a status of 200 to 399
 *
 * It ends with the question, because what it reads is the guest's: whatever an answer does to it is over with
 * it. It is given a connection that stands or will stand, and from its first byte on can only read, write and
 * end. The daemon looks at the clock.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "jail/jail.h"
#include "protocol.h"

#ifdef PROBE_SANITIZED
#define SANITIZED 1 /* at the end, the sanitizers' runtime needs more than the filter allows */
#else
#define SANITIZED 0
#endif
#define LINE_MAX_SIZE  512 /* bytes of the longest status line */
#define REQUEST_SIZE   (PROBE_PATH_MAX + 512)
#define MEMORY_MAX     (32u << 20)
#define STATUS_WORKS   200
#define STATUS_FAILURE 400

/* Nothing that opens, maps or asks: all it will ever need it has. */
static int confine(struct error *err)
{
    static const struct filter_rule rules[] = {
        FILTER_ALLOW(__NR_read),
        FILTER_ALLOW(__NR_write),
        FILTER_ALLOW(__NR_exit_group),
    };
    const int keep[] = {0, 1, 2, PROBE_FD_GUEST};
    const struct jail jail = {.layers = JAIL_LANDLOCK,
                              .keep = keep,
                              .keep_count = sizeof keep / sizeof *keep,
                              .max_memory = MEMORY_MAX,
                              .rules = rules,
                              .rule_count = sizeof rules / sizeof *rules};
    if (SANITIZED)
        return 0;
    int held = jail_enter(&jail, err);
    return held < 0 ? held : 0;
}

/* Whether the connection is the host's own, to a guest on a bridge, and not by way of a switch. */
static bool is_direct(void)
{
    int domain = 0;
    socklen_t size = sizeof domain;
    return getsockopt(PROBE_FD_GUEST, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_INET;
}

/*
 * The switch writes one byte of its own once the guest has accepted. A TCP socket that is still connecting
 * keeps whoever writes waiting, also one that has nothing to write.
 */
static bool connected(bool direct)
{
    char byte = 0;
    if (direct)
        return write(PROBE_FD_GUEST, &byte, 0) == 0;
    return fd_read_all(PROBE_FD_GUEST, &byte, 1) == 1 && byte == '\0';
}

/* "HTTP/1.1 200 ..." with a status of three digits; 0: it is none. */
static uint32_t read_status(const char *line, size_t size)
{
    static const char start[] = "HTTP/1.";
    uint32_t status = 0;
    if (size < 13 || memcmp(line, start, sizeof start - 1) != 0 || line[8] != ' ')
        return 0;
    for (size_t i = 9; i < 12; i++) {
        if (line[i] < '0' || line[i] > '9')
            return 0;
        status = status * 10 + (uint32_t)(line[i] - '0');
    }
    bool ended = line[12] == ' ' || line[12] == '\r' || line[12] == '\n';
    return ended && status >= 100 && status <= 599 ? status : 0;
}

/* The bytes of the first line, its end included; 0: none came. */
static size_t read_line(char line[static LINE_MAX_SIZE])
{
    size_t size = 0;
    while (size < LINE_MAX_SIZE) {
        ssize_t n = read(PROBE_FD_GUEST, line + size, LINE_MAX_SIZE - size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        size += (size_t)n;
        const char *end = memchr(line, '\n', size);
        if (end != NULL)
            return (size_t)(end - line) + 1;
    }
    return size;
}

static struct probe_reply ask_http(const char *request, size_t size)
{
    char line[LINE_MAX_SIZE];
    struct probe_reply reply = {.verdict = PROBE_NO_ANSWER};
    if (fd_write_all(PROBE_FD_GUEST, request, size) < 0)
        return reply;
    size_t length = read_line(line);
    if (length == 0)
        return reply;
    reply.status = read_status(line, length);
    if (reply.status == 0)
        reply.verdict = PROBE_NO_HTTP;
    else
        reply.verdict =
            reply.status >= STATUS_WORKS && reply.status < STATUS_FAILURE ? PROBE_PASSING : PROBE_STATUS;
    return reply;
}

int main(int argc, char **argv)
{
    static char request[REQUEST_SIZE];
    struct probe_reply reply = {.verdict = PROBE_NO_CONNECTION};
    struct error err = {0};
    int size = 0;
    bool http = argc == 4 && strcmp(argv[1], "http") == 0;
    if (!http && !(argc == 2 && strcmp(argv[1], "tcp") == 0)) {
        fputs("bivy-probe is started by bivyd: bivy-probe tcp | http PATH HOST\n", stderr);
        return 2;
    }
    if (http)
        size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bivy-probe\r\nConnection: close\r\n\r\n",
                        argv[2], argv[3]);
    bool direct = is_direct();
    log_open("bivy-probe", LOG_LEVEL_WARNING);
    if (size < 0 || size >= (int)sizeof request || confine(&err) < 0) {
        log_failure(&err);
        return 1;
    }
    if (connected(direct)) {
        reply.verdict = PROBE_PASSING;
        if (http)
            reply = ask_http(request, (size_t)size);
    }
    _exit(fd_write_all(STDOUT_FILENO, &reply, sizeof reply) < 0);
}
