/*
 * root.c: see root.h.
 *
 * A tmpfs is mounted over a directory that exists everywhere (/proc), filled, made the root by
 * pivot_root(".", "."), and the old root is detached from under it.
 */
#define _GNU_SOURCE
#include "jail/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/error.h"
#include "jail/jail.h"

#define STAGE "/proc"

static int make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int failed = mkdir(path, 0755) != 0 && errno != EEXIST;
        *slash = '/';
        if (failed)
            return -errno;
    }
    return 0;
}

/* Something of the same kind to mount upon. */
static int make_target(const char *path, const struct stat *original)
{
    if (S_ISDIR(original->st_mode))
        return mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : -errno;
    int fd = open(path, O_CREAT | O_RDONLY | O_CLOEXEC, 0444);
    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

/* A bind mount takes its flags only in a second step. A link is followed: its file appears under its name. */
static int bind_readable(const char *path)
{
    char target[PATH_MAX];
    struct stat original;
    const unsigned long flags = MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (stat(path, &original) != 0)
        return errno == ENOENT ? 0 : -errno;
    if ((size_t)snprintf(target, sizeof target, ".%s", path) >= sizeof target)
        return -ENAMETOOLONG;
    int result = make_parents(target);
    if (result == 0)
        result = make_target(target, &original);
    if (result != 0)
        return result;
    if (mount(path, target, NULL, MS_BIND, NULL) != 0)
        return -errno;
    return mount(NULL, target, NULL, MS_REMOUNT | flags, NULL) == 0 ? 0 : -errno;
}

static int bind_all(const struct jail *jail, struct error *err)
{
    for (size_t i = 0; i < jail->readable_count; i++) {
        int result = bind_readable(jail->readable[i]);
        if (result != 0)
            return error_set(err, -result, "cannot keep a file readable in the jail", jail->readable[i],
                             NULL);
    }
    return 0;
}

int root_enter(const struct jail *jail, struct error *err)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return error_set(err, errno, "cannot build the jail's root", "private mounts", NULL);
    if (mount("jail", STAGE, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k,nr_inodes=64,mode=755") !=
            0 ||
        chdir(STAGE) != 0)
        return error_set(err, errno, "cannot build the jail's root", "tmpfs", NULL);
    int result = bind_all(jail, err);
    if (result != 0)
        return result;
    if (syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
        return error_set(err, errno, "cannot build the jail's root", "pivot_root", NULL);
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) !=
        0)
        return error_set(err, errno, "cannot build the jail's root", "read-only", NULL);
    return 0;
}
