/* cgroup.c: see cgroup.h. */
#define _GNU_SOURCE
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "daemon.h"
#include "host/fd.h"
#include "host/log.h"
#include "unikernel.h"

#define ROOT "/sys/fs/cgroup"

static const char *const controllers[] = {"+cpu", "+memory", "+pids", "+io"};

/* Writes a file of DIRECTORY (a descriptor, or AT_FDCWD); 0 or -errno. */
static int write_at(int directory, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int write_at(int directory, const char *name, const char *format, ...)
{
    char text[64];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cleanup_fd int fd = openat(directory, name, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return write(fd, text, (size_t)size) == size ? 0 : -errno;
}

static ssize_t read_at(int directory, const char *name, char *text, size_t size)
{
    cleanup_fd int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -errno : fd_read_all(fd, text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    return n;
}

/* The daemon's own place in the tree: what follows "0::"; false where there is no version 2. */
static bool own_path(char *path, size_t size)
{
    char text[4096];
    struct statfs status;
    if (statfs(ROOT, &status) < 0 || (unsigned long)status.f_type != CGROUP2_SUPER_MAGIC ||
        read_at(AT_FDCWD, "/proc/self/cgroup", text, sizeof text) <= 0)
        return false;
    const char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (line == NULL)
        return false;
    line += line[0] == '\n' ? 4 : 3;
    snprintf(path, size, "%.*s", (int)strcspn(line, "\n"), line);
    return true;
}

/* Hands the controllers down to the children of DIRECTORY; whether memory is among them. */
static bool hand_down(int directory)
{
    bool memory = false;
    for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++) {
        int result = write_at(directory, "cgroup.subtree_control", "%s", controllers[i]);
        memory = memory || (result == 0 && strcmp(controllers[i], "+memory") == 0);
    }
    return memory;
}

/* One that a service manager delegated, or that an ordinary user owns: its processes must step aside first,
 * because a cgroup has either processes or children with limits. */
static int open_delegated(const char *path)
{
    char text[4200];
    snprintf(text, sizeof text, ROOT "%s", path);
    cleanup_fd int base = open(text, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (base < 0 || (mkdirat(base, "supervisor", 0755) < 0 && errno != EEXIST))
        return -errno;
    int result = write_at(base, "supervisor/cgroup.procs", "%d", (int)getpid());
    return result < 0 ? result : fd_take(&base);
}

/* Root outside of any service: a group of its own at the top, one for each run directory. */
static int open_at_top(const struct daemon *daemon)
{
    char path[128];
    struct stat status;
    cleanup_fd int top = open(ROOT, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (top < 0 || stat(daemon->run_dir, &status) < 0)
        return -errno;
    hand_down(top);
    snprintf(path, sizeof path, "bivy-%llx", (unsigned long long)status.st_ino);
    if (mkdirat(top, path, 0755) < 0 && errno != EEXIST)
        return -errno;
    int base = openat(top, path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    return base < 0 ? -errno : base;
}

/* A group without processes can be removed, and only that. */
static void remove_strays(int base)
{
    cleanup_fd int fd = dup(base);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    if (list == NULL)
        return;
    fd_take(&fd);
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;)
        if (entry->d_name[0] == 'u' && entry->d_name[1] >= '0' && entry->d_name[1] <= '9')
            unlinkat(base, entry->d_name, AT_REMOVEDIR);
    closedir(list);
}

void cgroup_open(struct daemon *daemon)
{
    char path[4096];
    daemon->cgroup = -1;
    if (!own_path(path, sizeof path)) {
        log_info("cgroups: no version 2 here; unikernels are bounded by their own size and processors alone");
        return;
    }
    size_t size = strlen(path);
    bool service = size > 8 && strcmp(path + size - 8, ".service") == 0;
    int base = daemon->root && !service ? open_at_top(daemon) : open_delegated(path);
    if (base >= 0 && !hand_down(base)) {
        close(base);
        base = -EPERM;
    }
    if (base < 0) {
        log_info("cgroups: none is delegated (%s: %s); unikernels are bounded by their own size and "
                 "processors alone",
                 path, strerror(-base));
        return;
    }
    daemon->cgroup = base;
    remove_strays(base);
}

void cgroup_close(struct daemon *daemon)
{
    char path[64];
    struct stat status;
    if (daemon->cgroup >= 0 && daemon->ending_all && stat(daemon->run_dir, &status) == 0) {
        snprintf(path, sizeof path, ROOT "/bivy-%llx", (unsigned long long)status.st_ino);
        rmdir(path);
    }
    fd_close(&daemon->cgroup);
}

static void group_name(const struct unikernel *unikernel, char name[static 32])
{
    snprintf(name, 32, "u%" PRId64, unikernel->id);
}

static void set(const struct unikernel *unikernel, int group, const char *file, const char *text)
{
    int result = write_at(group, file, "%s", text);
    if (result < 0 && result != -ENOENT) /* a controller that was not handed down has no file */
        log_warning("%s: cgroup: %s: %s", unikernel->name, file, strerror(-result));
}

void cgroup_make(struct unikernel *unikernel)
{
    char name[32];
    char text[64];
    int base = unikernel->daemon->cgroup;
    const struct wire_deploy *deploy = unikernel->deploy;
    group_name(unikernel, name);
    if (base < 0)
        return;
    if (mkdirat(base, name, 0755) < 0 && errno != EEXIST) {
        log_warning("%s: cgroup: %s", unikernel->name, strerror(errno));
        return;
    }
    cleanup_fd int group = openat(base, name, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    int64_t bytes = (deploy->memory + unikernel_overhead(deploy)) << 20;
    snprintf(text, sizeof text, "%" PRId64, bytes);
    set(unikernel, group, "memory.max", text);
    set(unikernel, group, "memory.oom.group", "1");
    snprintf(text, sizeof text, "%d", CGROUP_PROCESSES);
    set(unikernel, group, "pids.max", text);
    /* A guest has one processor; the virtual machine's tender may use as much again for its devices. */
    snprintf(text, sizeof text, "%d %d", CGROUP_PERIOD_US * (deploy->tender == WIRE_TENDER_VM ? 2 : 1),
             CGROUP_PERIOD_US);
    set(unikernel, group, "cpu.max", text);
    set(unikernel, group, "cpu.weight", "100");
}

void cgroup_place(struct unikernel *unikernel, pid_t pid)
{
    char path[64];
    char name[32];
    group_name(unikernel, name);
    snprintf(path, sizeof path, "%s/cgroup.procs", name);
    if (unikernel->daemon->cgroup < 0)
        return;
    int result = write_at(unikernel->daemon->cgroup, path, "%d", (int)pid);
    if (result < 0 && result != -ESRCH)
        log_warning("%s: cgroup: %s", unikernel->name, strerror(-result));
}

bool cgroup_remove(struct unikernel *unikernel)
{
    char path[64];
    char name[32];
    char events[512];
    int base = unikernel->daemon->cgroup;
    group_name(unikernel, name);
    snprintf(path, sizeof path, "%s/memory.events", name);
    if (base < 0)
        return false;
    read_at(base, path, events, sizeof events);
    const char *killed = strstr(events, "oom_kill ");
    bool out_of_memory = killed != NULL && strtoul(killed + strlen("oom_kill "), NULL, 10) > 0;
    unlinkat(base, name, AT_REMOVEDIR);
    return out_of_memory;
}
