/* process.c: what the one process of a unikernel is and has. */
#include "libos/posix/call.h"

#include "libos/kernel/heap.h"
#include "libos/kernel/kernel.h"
#include "libos/posix/file.h"
#include <bivy/boot.h>

#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

/* Ends the unikernel. */
POSIX_CALL(exit_group, int status)
{
    solo5_exit(status);
}

/* The number of the one process: 1. */
POSIX_CALL(getpid, void)
{
    return 1;
}

/* Nothing started it: 0. */
POSIX_CALL(getppid, void)
{
    return 0;
}

/* There are no users: 0. */
POSIX_CALL(getuid, void)
{
    return 0;
}

/* There are no users: 0. */
POSIX_CALL(geteuid, void)
{
    return 0;
}

/* There are no groups: 0. */
POSIX_CALL(getgid, void)
{
    return 0;
}

/* There are no groups: 0. */
POSIX_CALL(getegid, void)
{
    return 0;
}

/* The system's name is Bivy, the host's that of the unikernel (--name). */
POSIX_CALL(uname, struct utsname *name)
{
    const char *host = boot_option(BOOT_NAME);

    memset(name, 0, sizeof *name);
    strcpy(name->sysname, "Bivy");
    strncpy(name->nodename, host ? host : "unikernel", sizeof name->nodename - 1);
    strcpy(name->release, "1");
    strcpy(name->version, "1");
    strcpy(name->machine, "x86_64");
    return 0;
}

/* Partial: the limits are those of the system, and cannot be changed; setting them to what they are succeeds.
 */
POSIX_CALL(prlimit64, int process, int resource, const struct rlimit *wanted, struct rlimit *before)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

    if (process > 1 || resource < 0 || resource >= RLIM_NLIMITS)
        return process > 1 ? -ESRCH : -EINVAL;
    if (resource == RLIMIT_NOFILE)
        limit = (struct rlimit){FD_MAX, FD_MAX};
    if (resource == RLIMIT_CORE)
        limit = (struct rlimit){0, 0};
    if (before)
        *before = limit;
    return wanted && wanted->rlim_cur > limit.rlim_max ? -EPERM : 0;
}

/* Partial: as prlimit64. */
POSIX_CALL(getrlimit, int resource, struct rlimit *result)
{
    return posix_call_prlimit64(0, resource, NULL, result);
}

/* Partial: as prlimit64. */
POSIX_CALL(setrlimit, int resource, const struct rlimit *wanted)
{
    return posix_call_prlimit64(0, resource, wanted, NULL);
}

/* The memory there is, and how long the system runs. */
POSIX_CALL(sysinfo, struct sysinfo *result)
{
    const struct heap *heap = kernel_heap();

    memset(result, 0, sizeof *result);
    result->uptime = (unsigned long)(solo5_clock_monotonic() / 1000000000u);
    result->totalram = heap->limit - heap->start;
    result->freeram = heap->limit - heap->frontier;
    result->procs = 1;
    result->mem_unit = 1;
    return 0;
}
