/* jail.c: the layers of a jail, in the order in which they can be laid; see jail.h. */
#define _GNU_SOURCE
#include "jail/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/error.h"
#include "jail/landlock.h"
#include "jail/root.h"

static const char what[] = "cannot enter the jail";

static int compare(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static int close_range_from(unsigned first, unsigned last)
{
    return first > last || syscall(SYS_close_range, first, last, 0) == 0 ? 0 : -errno;
}

/* Sorts a copy of the kept numbers and closes what lies between them. */
static int close_others(const struct jail *jail, struct error *err)
{
    int *kept = malloc((jail->keep_count + 1) * sizeof *kept);
    unsigned next = 0;
    int result = 0;
    if (kept == NULL)
        return error_set(err, ENOMEM, what, "descriptors", NULL);
    if (jail->keep_count > 0)
        memcpy(kept, jail->keep, jail->keep_count * sizeof *kept);
    qsort(kept, jail->keep_count, sizeof *kept, compare);
    for (size_t i = 0; i < jail->keep_count && result == 0; i++) {
        if (kept[i] < 0 || (unsigned)kept[i] < next)
            continue;
        if (kept[i] > 0)
            result = close_range_from(next, (unsigned)kept[i] - 1);
        next = (unsigned)kept[i] + 1;
    }
    free(kept);
    if (result == 0)
        result = close_range_from(next, ~0u);
    return result == 0 ? 0 : error_set(err, -result, what, "descriptors", NULL);
}

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t written = write(fd, text, strlen(text));
    int result = written < 0 ? -errno : 0;
    close(fd);
    return result;
}

/* In the new user namespace the program keeps its own ids and sees no others. */
static int map_ids(uid_t uid, gid_t gid)
{
    char map[64];
    snprintf(map, sizeof map, "%u %u 1\n", uid, uid);
    int result = write_file("/proc/self/uid_map", map);
    if (result == 0)
        result = write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "%u %u 1\n", gid, gid);
    return result == 0 ? write_file("/proc/self/gid_map", map) : result;
}

static const struct {
    unsigned layer;
    int flags;
} namespaces[] = {
    {JAIL_EMPTY_ROOT, CLONE_NEWNS},
    {JAIL_NO_NETWORK, CLONE_NEWNET},
    {JAIL_IPC, CLONE_NEWIPC | CLONE_NEWUTS},
};

/*
 * A user namespace where it was asked for, or where the others cannot be had without. *HELD receives the
 * layers that exist now; a host that refuses namespaces is no failure.
 */
static int enter_namespaces(const struct jail *jail, unsigned *held, struct error *err)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    int flags = 0;
    unsigned layers = 0;
    for (size_t i = 0; i < sizeof namespaces / sizeof namespaces[0]; i++)
        if (jail->layers & namespaces[i].layer) {
            flags |= namespaces[i].flags;
            layers |= namespaces[i].layer;
        }
    if ((jail->layers & JAIL_USER_NAMESPACE) || (flags != 0 && uid != 0)) {
        flags |= CLONE_NEWUSER;
        layers |= JAIL_USER_NAMESPACE;
    }
    if (flags == 0 || unshare(flags) != 0)
        return 0;
    int result = layers & JAIL_USER_NAMESPACE ? map_ids(uid, gid) : 0;
    if (result != 0)
        return error_set(err, -result, what, "user namespace", NULL);
    result = layers & JAIL_EMPTY_ROOT ? root_enter(jail, err) : 0;
    *held |= layers;
    return result;
}

static int set_limit(int resource, uint64_t value)
{
    struct rlimit limit = {value, value}, before;
    if (getrlimit((__rlimit_resource_t)resource, &before) != 0)
        return -errno;
    if (limit.rlim_max > before.rlim_max)
        limit.rlim_cur = limit.rlim_max = before.rlim_max;
    return setrlimit((__rlimit_resource_t)resource, &limit) == 0 ? 0 : -errno;
}

static int set_limits(const struct jail *jail, struct error *err)
{
    int result = set_limit(RLIMIT_CORE, 0);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error, not the end */
    if (result == 0 && jail->max_memory != 0)
        result = set_limit(RLIMIT_AS, jail->max_memory);
    if (result == 0 && jail->max_files != 0)
        result = set_limit(RLIMIT_NOFILE, jail->max_files);
    if (result == 0)
        result = set_limit(RLIMIT_FSIZE, jail->max_file_size);
    return result == 0 ? 0 : error_set(err, -result, what, "limits", NULL);
}

/* The bounding set first: dropping from it needs a capability. Past the last one the kernel says EINVAL. */
static int drop_capabilities(struct error *err)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};
    for (unsigned long capability = 0; capability < 64; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
            break;
    if (syscall(SYS_capset, &header, none) != 0)
        return error_set(err, errno, what, "capabilities", NULL);
    return 0;
}

static int install_filter(const struct jail *jail, struct error *err)
{
    static struct filter filter;
    int result = filter_build(&filter, jail->rules, jail->rule_count);
    if (result == 0) {
        struct sock_fprog program = {(unsigned short)filter.count, filter.code};
        long set = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
        result = set < 0 ? -errno : set > 0 ? -EBUSY : 0; /* above 0: a thread that would not join */
    }
    return result == 0 ? 0 : error_set(err, -result, what, "filter", NULL);
}

int jail_enter(const struct jail *jail, struct error *err)
{
    const struct landlock_rules files = {.readable = jail->readable, .readable_count = jail->readable_count};
    unsigned held = 0;
    int result = close_others(jail, err);
    if (result == 0)
        result = enter_namespaces(jail, &held, err);
    if (result == 0)
        result = set_limits(jail, err);
    if (result == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        result = error_set(err, errno, what, "no_new_privs", NULL);
    if (result == 0 && (jail->layers & JAIL_LANDLOCK) && landlock_enter(&files, NULL) > 0)
        held |= JAIL_LANDLOCK;
    if (result == 0)
        result = drop_capabilities(err);
    if (result == 0)
        result = install_filter(jail, err);
    return result != 0 ? result : (int)held;
}
