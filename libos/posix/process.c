/* process.c: what the one process of a unikernel is and has. */
#include "libos/posix/call.h"

#include <bivy/boot.h>
#include <string.h>
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
