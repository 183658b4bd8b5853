/*
 * run_build.c: `bivy run DIR`: builds the project first.
 *
 * By `bivy build` in a process of its own: a compiler's failure, memory and descriptors are then not this
 * one's. The image is kept in the user's cache, one for each project's path, so that the project's folder
 * stays clean.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "host/path.h"
#include "host/spawn.h"
#include "run.h"

/* FNV-1a: tells projects of the same name apart; an accident would only mean one more build. */
static unsigned long long hash_text(const char *text)
{
    unsigned long long hash = 14695981039346656037ull;
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211ull;
    return hash;
}

/* CACHE/bivy/run/HASH/NAME.uk, its folder made; NAME is that of the project's folder. */
static int image_path(const char *directory, char path[static PATH_MAX], struct error *err)
{
    char whole[PATH_MAX];
    char folder[PATH_MAX];
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (realpath(directory, whole) == NULL)
        return error_set(err, errno, "build", directory, NULL);
    int size = cache != NULL && cache[0] == '/'
                   ? snprintf(folder, sizeof folder, "%s/bivy/run/%016llx", cache, hash_text(whole))
                   : snprintf(folder, sizeof folder, "%s/.cache/bivy/run/%016llx",
                              home != NULL ? home : "/tmp", hash_text(whole));
    if (size < 0 || (size_t)size >= sizeof folder)
        return error_set(err, ENAMETOOLONG, "build", directory, NULL);
    int result = path_make_directory(folder, err);
    if (result < 0)
        return result;
    const char *name = strrchr(whole, '/') + 1;
    size = snprintf(path, PATH_MAX, "%s/%s.uk", folder, name[0] != '\0' ? name : "project");
    return size < 0 || size >= PATH_MAX ? error_set(err, ENAMETOOLONG, "build", directory, NULL) : 0;
}

static int wait_child(int pidfd)
{
    struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};
    int status = 0;
    int reaped;
    while ((reaped = spawn_reap(pidfd, &status)) == 0)
        poll(&poll_fd, 1, -1);
    return reaped < 0 ? reaped : status;
}

int run_build(const char *directory, char path[static PATH_MAX], struct error *err)
{
    char program[PATH_MAX];
    char build[] = "build";
    char quiet[] = "-q";
    char out[] = "-o";
    int result = image_path(directory, path, err);
    if (result == 0)
        result = path_program(program, "bivy", err);
    if (result < 0)
        return result;
    char *project = strdup(directory);
    char *arguments[] = {program, build, quiet, out, path, project, NULL};
    /* What the build prints is not the unikernel's console. */
    const int fds[] = {-1, STDERR_FILENO, STDERR_FILENO};
    struct spawn spawn = {.program = program,
                          .arguments = arguments,
                          .environment = environ,
                          .fds = fds,
                          .fd_count = 3,
                          .die_with_parent = true};
    cleanup_fd int pidfd = -1;
    pid_t pid = spawn_program(&spawn, &pidfd, err);
    free(project);
    if (pid < 0)
        return (int)pid;
    int status = wait_child(pidfd);
    return status == 0 ? 0 : error_set(err, ENOEXEC, "build", directory, "failed with status %d", status);
}
