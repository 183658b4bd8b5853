/* plain.c: functions that musl makes of more than a system call for the sake of users and threads that are
 * not here. */
#include "libos/libc/license.h"

#include <sys/resource.h>
#include <unistd.h>

#include "syscall.h" /* after them: it makes syscall() a macro */

int faccessat(int at, const char *path, int mode, int flags)
{
    (void)flags;
    return (int)syscall(SYS_faccessat, at, path, mode);
}

int setrlimit(int resource, const struct rlimit *limit)
{
    return (int)syscall(SYS_setrlimit, resource, limit);
}
