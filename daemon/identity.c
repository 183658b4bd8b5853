/* identity.c: see identity.h. */
#define _GNU_SOURCE
#include "identity.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon.h"
#include "unikernel.h"

/* Whether the user namespace that the daemon is in knows the whole range. */
static bool range_is_mapped(void)
{
    unsigned inside, outside, count;
    bool found = false;
    FILE *map = fopen("/proc/self/uid_map", "re");
    while (map != NULL && fscanf(map, "%u %u %u", &inside, &outside, &count) == 3)
        found = found || (inside <= IDENTITY_FIRST && count - (IDENTITY_FIRST - inside) >= IDENTITY_COUNT &&
                          count > IDENTITY_FIRST - inside);
    if (map != NULL)
        fclose(map);
    return found;
}

/* Whether a user without any rights can reach and execute the program. */
static bool anyone_can_execute(const char *program)
{
    char path[PATH_MAX];
    struct stat status;
    snprintf(path, sizeof path, "%s", program);
    if (path[0] != '/' || stat(path, &status) < 0 || (status.st_mode & 5) != 5)
        return false;
    for (char *slash; (slash = strrchr(path, '/')) != NULL && slash != path;) {
        *slash = '\0';
        if (stat(path, &status) < 0 || (status.st_mode & 1) == 0)
            return false;
    }
    return true;
}

/* A virtual machine's tender opens the kernel's device itself. */
static bool anyone_can_use_kvm(void)
{
    struct stat status;
    return stat("/dev/kvm", &status) == 0 && (status.st_mode & 6) == 6;
}

static bool taken(const struct unikernel *unikernel, uid_t uid)
{
    const struct daemon *daemon = unikernel->daemon;
    for (size_t i = 0; i < daemon->unikernel_count; i++)
        if (daemon->unikernels[i] != unikernel && daemon->unikernels[i]->pid != 0 &&
            IDENTITY_FIRST + (uid_t)(daemon->unikernels[i]->id % IDENTITY_COUNT) == uid)
            return true;
    return false;
}

uid_t identity_choose(struct unikernel *unikernel, const char *program)
{
    struct daemon *daemon = unikernel->daemon;
    if (!daemon->root || (unikernel->deploy->tender == WIRE_TENDER_VM && !anyone_can_use_kvm()))
        return 0;
    if (daemon->identities == 0)
        daemon->identities = range_is_mapped() ? 1 : -1;
    uid_t uid = IDENTITY_FIRST + (uid_t)(unikernel->id % IDENTITY_COUNT);
    /* 65,536 deployments apart: rather no user of its own than another's. */
    return daemon->identities > 0 && anyone_can_execute(program) && !taken(unikernel, uid) ? uid : 0;
}
