/*
 * cgroup.h: limits that the kernel enforces, one cgroup (version 2) for each running unikernel.
 *
 * Where there is no cgroup v2, or none of it is delegated to this daemon, unikernels run without: their
 * memory is still bounded by its own size, their processors by their affinity; nothing is said of killed
 * memory, and cgroup_open() says so once. Source: Linux, Documentation/admin-guide/cgroup-v2.rst.
 */
#ifndef DAEMON_CGROUP_H
#define DAEMON_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

struct daemon;
struct unikernel;

#define CGROUP_PROCESSES 32     /* pids.max: a tender has a few threads and starts no process */
#define CGROUP_PERIOD_US 100000 /* of cpu.max */

/* Finds or makes the daemon's own part of the tree and removes what a crash left there. Never a failure. */
void cgroup_open(struct daemon *daemon);
void cgroup_close(struct daemon *daemon);

/* Makes the unikernel's cgroup with its limits; harmless without one. Limits that this host cannot keep are
 * logged and left out. */
void cgroup_make(struct unikernel *unikernel);

/* Puts its process there. */
void cgroup_place(struct unikernel *unikernel, pid_t pid);

/* Removes it, its process having ended; whether the kernel had killed for want of memory in it. */
bool cgroup_remove(struct unikernel *unikernel);

#endif
