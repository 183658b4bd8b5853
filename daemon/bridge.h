/*
 * bridge.h: devices of unikernels on the host's bridges: a tap each, made by the daemon and handed to the
 * tender, guarded before it joins its bridge.
 *
 * Nothing of it needs the daemon once it stands. What happens to it meanwhile (its bridge removed, renamed,
 * set down, of another MTU) is told and changes nothing else.
 */
#ifndef DAEMON_BRIDGE_H
#define DAEMON_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

struct daemon;
struct error;
struct network_plan;
struct unikernel;

/* Makes the tap of device I, whose address and MAC are filled in; its descriptor is the caller's. Or -errno.
 */
int bridge_attach(struct unikernel *unikernel, size_t i, const struct network_plan *plan, struct error *err);

/* Lets the ports of the host that lead to device I lead there. 0 or -errno. */
int bridge_listen(struct unikernel *unikernel, size_t i, struct error *err);

/* A TCP connection to the guest's port that is being made: blocking, the caller's. Or -errno. */
int bridge_connect(const struct unikernel *unikernel, size_t i, uint16_t guest_port, struct error *err);

/* Takes away what stays behind when the tap goes with its tender. */
void bridge_detach(struct unikernel *unikernel, size_t i);

/* The unikernel runs on from before this daemon: finds its tap, renews its guard and forwards. */
void bridge_adopt(struct unikernel *unikernel, size_t i, const struct network_plan *plan);

/* Puts the guard and the forwards of device I, which runs, in place again. */
void bridge_guard_again(struct unikernel *unikernel, size_t i);

/* Removes every tap and table of this daemon's that belongs to nothing which runs. */
void bridge_sweep(struct daemon *daemon);

/* Watches the host's interfaces from now on; tells of every device whose state changed. 0 or -errno. */
int bridge_watch_open(struct daemon *daemon, struct error *err);
void bridge_watch_close(struct daemon *daemon);

#endif
