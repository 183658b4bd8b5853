/* confine.c: what the server gives up before it answers anybody; see confine.h. */
#define _GNU_SOURCE
#include "confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/error.h"
#include "host/log.h"
#include "jail/landlock.h"
#include "server.h"

#define CONFINE_DESCRIPTORS 2048

static int drop_capabilities(struct error *err)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {0};
    /* As root the bounding set goes first: without it an executed program would have all of them again. */
    for (int capability = 0; capability <= 63; capability++)
        if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1)
            prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &head, none) < 0)
        return error_set(err, errno, "confine", "capabilities", NULL);
    return 0;
}

/* Sanitizers look at the process through /proc when it ends. */
#ifdef __SANITIZE_ADDRESS__
#define CONFINE_FOLDERS 3
#else
#define CONFINE_FOLDERS 2
#endif

static int confine_files(struct server *server, struct error *err)
{
    const char *const folders[] = {server->run_directory, server->state_directory, "/proc"};
    const struct landlock_rules rules = {
        .writable = folders, .writable_count = CONFINE_FOLDERS, .isolated = true};
    int result = landlock_enter(&rules, err);
    if (result == 0)
        log_warning("this kernel has no Landlock: the server could reach every file of its user");
    return result < 0 ? result : 0;
}

int confine(struct server *server, struct error *err)
{
    struct rlimit none = {0, 0};
    struct rlimit descriptors = {CONFINE_DESCRIPTORS, CONFINE_DESCRIPTORS};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_set(err, errno, "confine", "no_new_privs", NULL);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
        return error_set(err, errno, "confine", "core dumps", NULL);
    struct rlimit now;
    if (getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_max < descriptors.rlim_max)
        descriptors.rlim_cur = descriptors.rlim_max = now.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &descriptors) < 0)
        return error_set(err, errno, "confine", "descriptors", NULL);
    int result = drop_capabilities(err);
    return result < 0 ? result : confine_files(server, err);
}
