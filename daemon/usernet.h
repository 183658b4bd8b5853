/*
 * usernet.h: the user-mode switch bivy-net, one process for each network and path, so that tenants do not
 * share one.
 *
 * It is started with the first unikernel that needs it; its control socket is held by the keep, so that a new
 * daemon finds it again with all its ports and listeners.
 */
#ifndef DAEMON_USERNET_H
#define DAEMON_USERNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct daemon;
struct error;
struct keep_child;
struct network_plan;
struct unikernel;

#define USERNET_ID_FIRST                                                                                     \
    (UINT64_C(1) << 62) /* ids of switches in the keep; those of unikernels are below                        \
                         */

/* Starts the switch that PLAN means unless it runs; 0 or -errno. */
int usernet_prepare(struct daemon *daemon, const struct network_plan *plan, struct error *err);

/* Adds the port of device I; *END becomes the tender's end of its socket. 0 or -errno. */
int usernet_attach(struct unikernel *unikernel, size_t i, const struct network_plan *plan, int *end,
                   struct error *err);
void usernet_detach(struct unikernel *unikernel, size_t i);

/* Gives LISTENER (the caller's), the host's socket of port INDEX, to the switch of device I. 0 or -errno. */
int usernet_listen(struct unikernel *unikernel, size_t i, size_t index, int listener, struct error *err);

/* See network_connect(). */
int usernet_connect(struct unikernel *unikernel, uint16_t guest_port, struct error *err);

/* Ends the switches of networks with LABEL to which nothing is attached. */
void usernet_end_unused(struct daemon *daemon, const char *label);

/* Removes the ports of deployment ID, of which nothing else is known any more, from every switch. */
void usernet_forget(struct daemon *daemon, int64_t id);

/* Of the keep's children; see network_adopt() and the others. */
bool usernet_adopt(struct daemon *daemon, const struct keep_child *child);
bool usernet_exited(struct daemon *daemon, uint64_t id);
void usernet_lose_all(struct daemon *daemon);
void usernet_close_all(struct daemon *daemon);

#endif
