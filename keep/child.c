/* child.c: starting, hearing and burying children; see child.h. */
#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "exits.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "host/loop.h"
#include "host/spawn.h"
#include "ring.h"

#define CONSOLE_READ  16384
#define CONSOLE_TURNS 4 /* reads of one console before the others have theirs */

struct child {
    struct children *children;
    struct keep_child record;
    struct ring *ring; /* NULL: no console */
    struct loop_source *console_source, *end_source;
    int console, pidfd;
    bool untold_exit, untold_console;
};

static int64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The index of the first child whose id is at least ID. */
static size_t child_index(const struct children *children, uint64_t id)
{
    size_t low = 0;
    size_t high = children->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (children->items[middle]->record.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct child *child_find(const struct children *children, uint64_t id)
{
    size_t i = child_index(children, id);
    return i < children->count && children->items[i]->record.id == id ? children->items[i] : NULL;
}

static int child_insert(struct children *children, struct child *child)
{
    if (children->count == children->capacity) {
        size_t capacity = children->capacity > 0 ? children->capacity * 2 : 64;
        struct child **items = realloc(children->items, capacity * sizeof(struct child *));
        if (items == NULL)
            return -ENOMEM;
        children->items = items;
        children->capacity = capacity;
    }
    size_t i = child_index(children, child->record.id);
    memmove(children->items + i + 1, children->items + i, (children->count - i) * sizeof(struct child *));
    children->items[i] = child;
    children->count++;
    return 0;
}

static void child_free(struct child *child)
{
    loop_remove(&child->console_source);
    loop_remove(&child->end_source);
    fd_close(&child->console);
    fd_close(&child->pidfd);
    ring_unmap(child->ring);
    free(child);
}

static void child_remove(struct child *child)
{
    struct children *children = child->children;
    size_t i = child_index(children, child->record.id);
    children->count--;
    memmove(children->items + i, children->items + i + 1, (children->count - i) * sizeof(struct child *));
    child_free(child);
}

static void child_write(struct child *child, enum ring_kind kind, const void *data, size_t size)
{
    if (ring_append(child->ring, kind, wall_ns(), data, size))
        child->untold_console =
            !child->children->tell(child->children->context, KEEP_CONSOLE, &child->record);
}

/* Takes up to TURNS pieces from the console; false once there is nothing more to come. */
static bool child_hear(struct child *child, int turns)
{
    uint8_t piece[CONSOLE_READ];
    while (turns-- > 0) {
        ssize_t n = read(child->console, piece, sizeof piece);
        if (n > 0)
            child_write(child, RING_TEXT, piece, (size_t)n);
        else if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return false;
        else if (errno == EAGAIN)
            return true;
    }
    return true;
}

static void console_ready(void *context, uint32_t events)
{
    struct child *child = context;
    (void)events;
    if (!child_hear(child, CONSOLE_TURNS)) {
        loop_remove(&child->console_source);
        fd_close(&child->console);
    }
}

static void child_ended(void *context, uint32_t events)
{
    struct child *child = context;
    siginfo_t info = {0};
    (void)events;
    if (waitid((idtype_t)P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0)
        return;
    loop_remove(&child->end_source);
    fd_close(&child->pidfd);
    child->record.ended_ns = wall_ns();
    child->record.by_signal = info.si_code != CLD_EXITED;
    child->record.status = (int16_t)info.si_status;
    /* A pipe holds at most 1 MiB: so much a child may have left behind. */
    if (child->console >= 0)
        child_hear(child, 1048576 / CONSOLE_READ);
    loop_remove(&child->console_source);
    fd_close(&child->console);
    if (child->ring != NULL)
        child_write(child, RING_END, NULL, 0);
    if (exits_append(child->children->exits_fd, &child->record) < 0)
        log_warning("record exit: %s: %s", child->record.name, strerror(errno));
    child->untold_exit = !child->children->tell(child->children->context, KEEP_EXITED, &child->record);
}

/* Field 22 of /proc/PID/stat: with the pid it names a process for good. */
static uint64_t start_ticks(pid_t pid)
{
    char path[64];
    char text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    /* The second field is a name in parentheses that may hold anything. */
    char *p = strrchr(text, ')');
    for (int field = 2; p != NULL && field < 22; field++)
        p = strchr(p + 1, ' ');
    return p == NULL ? 0 : strtoull(p, NULL, 10);
}

/* Splits TEXT into the path and the arguments; -EINVAL unless it is exactly so many strings. */
static int split_text(const struct keep_spawn *spawn, const char *text, char **arguments)
{
    size_t at = 0;
    if (spawn->argument_count == 0 || spawn->argument_count > KEEP_ARGUMENTS_MAX)
        return -EINVAL;
    for (uint32_t i = 0; i <= spawn->argument_count; i++) {
        const char *end = at < spawn->text_size ? memchr(text + at, '\0', spawn->text_size - at) : NULL;
        if (end == NULL)
            return -EINVAL;
        if (i > 0)
            arguments[i - 1] = (char *)(uintptr_t)(text + at);
        at = (size_t)(end - text) + 1;
    }
    arguments[spawn->argument_count] = NULL;
    return at == spawn->text_size ? 0 : -EINVAL;
}

static int open_console(struct child *child, int ring_fd, int *write_end, struct error *err)
{
    int ends[2];
    child->ring = ring_map(ring_fd, err);
    if (child->ring == NULL)
        return -EINVAL;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set(err, errno, "make console", child->record.name, NULL);
    child->console = ends[0];
    *write_end = ends[1];
    fd_set_nonblocking(child->console, 1);
    child_write(child, RING_START, NULL, 0);
    return 0;
}

static int child_spawn(struct child *child, const struct keep_spawn *request, const char *text,
                       const int *fds, size_t count, int console, struct error *err)
{
    char *arguments[KEEP_ARGUMENTS_MAX + 1];
    int passed[3 + FD_PASS_MAX] = {-1, console, console >= 0 ? console : STDERR_FILENO};
    if (split_text(request, text, arguments) < 0 || request->cpu_words > KEEP_CPU_WORDS)
        return error_set(err, EINVAL, "start program", child->record.name, "malformed request");
    for (size_t i = 0; i < count; i++)
        passed[3 + i] = fds[i];
    struct spawn spawn = {.program = text,
                          .arguments = arguments,
                          .fds = passed,
                          .fd_count = 3 + count,
                          .new_session = true,
                          .die_with_parent = true,
                          .uid = request->uid,
                          .gid = request->gid,
                          .cpus = request->cpu_words > 0 ? request->cpus : NULL,
                          .cpu_words = request->cpu_words};
    pid_t pid = spawn_program(&spawn, &child->pidfd, err);
    if (pid < 0)
        return (int)pid;
    child->record.pid = pid;
    child->record.start_ticks = start_ticks(pid);
    return 0;
}

/* After this the child is known and watched. */
static int child_watch(struct children *children, struct child *child, struct error *err)
{
    if (child->console >= 0) {
        child->console_source = loop_add(children->loop, child->console, EPOLLIN, console_ready, child, err);
        if (child->console_source == NULL)
            return -ENOMEM;
    }
    child->end_source = loop_add(children->loop, child->pidfd, EPOLLIN, child_ended, child, err);
    if (child->end_source == NULL)
        return -ENOMEM;
    if (child_insert(children, child) < 0)
        return error_set(err, ENOMEM, "start program", child->record.name, NULL);
    return 0;
}

static int child_begin(struct child *child, const struct keep_spawn *spawn, const char *text, const int *fds,
                       size_t count, struct error *err)
{
    cleanup_fd int console = -1;
    int result = 0;
    if (spawn->flags & KEEP_SPAWN_CONSOLE) {
        if (count == 0)
            return error_set(err, EINVAL, "start program", child->record.name, "no ring given");
        result = open_console(child, fds[0], &console, err);
        fds++;
        count--;
    }
    if (result == 0)
        result = child_spawn(child, spawn, text, fds, count, console, err);
    if (result < 0)
        return result;
    result = child_watch(child->children, child, err);
    if (result < 0) {
        syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
        waitid((idtype_t)P_PIDFD, (id_t)child->pidfd, NULL, WEXITED);
    }
    return result;
}

int child_start(struct children *children, const struct keep_spawn *spawn, const char *text, const int *fds,
                size_t count, struct keep_child *record, struct error *err)
{
    if (spawn->id == 0 || child_find(children, spawn->id) != NULL)
        return error_set(err, EEXIST, "start program", spawn->name, NULL);
    struct child *child = calloc(1, sizeof *child);
    if (child == NULL)
        return error_set(err, ENOMEM, "start program", spawn->name, NULL);
    *child = (struct child){.children = children, .console = -1, .pidfd = -1, .record.id = spawn->id};
    memcpy(child->record.name, spawn->name, sizeof child->record.name - 1);
    int result = child_begin(child, spawn, text, fds, count, err);
    if (result < 0) {
        child_free(child);
        return result;
    }
    *record = child->record;
    return 0;
}

int child_signal(struct children *children, uint64_t id, int number)
{
    const struct child *child = child_find(children, id);
    if (child == NULL)
        return -ENOENT;
    if (child->pidfd < 0)
        return -ESRCH;
    return syscall(SYS_pidfd_send_signal, child->pidfd, number, NULL, 0) < 0 ? -errno : 0;
}

static bool exits_pending(const struct children *children)
{
    for (size_t i = 0; i < children->count; i++)
        if (children->items[i]->pidfd < 0)
            return true;
    return false;
}

int child_forget(struct children *children, uint64_t id)
{
    struct child *child = child_find(children, id);
    if (child == NULL)
        return -ENOENT;
    if (child->pidfd >= 0)
        return -EBUSY;
    child_remove(child);
    if (!exits_pending(children))
        exits_clear(children->exits_fd);
    return 0;
}

size_t children_list(const struct children *children, uint64_t after, struct keep_child *to, size_t limit)
{
    size_t count = 0;
    if (after == UINT64_MAX)
        return 0;
    for (size_t i = child_index(children, after + 1); i < children->count && count < limit; i++)
        to[count++] = children->items[i]->record;
    return count;
}

bool children_running(const struct children *children)
{
    for (size_t i = 0; i < children->count; i++)
        if (children->items[i]->pidfd >= 0)
            return true;
    return false;
}

void children_tell_again(struct children *children)
{
    for (size_t i = 0; i < children->count; i++) {
        struct child *child = children->items[i];
        if (child->untold_console)
            child->untold_console = !children->tell(children->context, KEEP_CONSOLE, &child->record);
        if (child->untold_exit)
            child->untold_exit = !children->tell(children->context, KEEP_EXITED, &child->record);
    }
}
