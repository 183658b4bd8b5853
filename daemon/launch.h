/*
 * launch.h: turns a unikernel's configuration into a tender's command line and descriptors.
 *
 * The tender gets descriptors only (KERNEL and every device as @FD): it has no need to open
 * anything, and no way.
 */
#ifndef DAEMON_LAUNCH_H
#define DAEMON_LAUNCH_H

struct error;
struct unikernel;

/* Opens everything, attaches the networks and has the keep start the tender; its pid or -errno, and
 * then everything is closed and detached again. */
int launch(struct unikernel *unikernel, struct error *err);

#endif
