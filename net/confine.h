/*
 * confine.h: locks bivy-net in before the first request: it keeps the host's network, for egress, and loses
 * everything else.
 */
#ifndef NET_CONFINE_H
#define NET_CONFINE_H

struct error;

/*
 * Closes every descriptor but CONTROL and the first three, and takes away the file system, all capabilities
 * and every system call that relaying does not need; for ever. 0, or -errno: the process must then end.
 */
int confine_enter(int control, struct error *err);

#endif
