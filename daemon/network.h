/*
 * network.h: the networks of unikernels.
 *
 * "user": the user-mode switch bivy-net, one process for each path, so that tenants do not share
 * one. It is started with the first unikernel that needs it; its control socket is held by the keep,
 * so that a new daemon finds it again with all its ports and listeners. Addresses are chosen by the
 * daemon and remembered (lease.h): a unikernel keeps its address as long as it exists.
 */
#ifndef DAEMON_NETWORK_H
#define DAEMON_NETWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct daemon;
struct error;
struct keep_child;
struct unikernel;
struct wire_deploy_net;

#define NETWORK_ID_FIRST                                                                                     \
    (UINT64_C(1) << 62) /* ids of switches in the keep; those of unikernels are below                        \
                         */

/* Prepares for adoption: numbers in use, addresses. */
void network_open(struct daemon *daemon);

/* Whether the kind of network is known: 0, or -EINVAL or -EPERM and ERR. */
int network_check(const char *name, const struct wire_deploy_net *net, struct error *err);

/* Starts the switch of PATH unless it runs, so that the next unikernel there need not wait. */
int network_prepare(struct daemon *daemon, const char *path, struct error *err);

/* Gives every network device its address, in the store's current transaction; 0 or -errno. */
int network_reserve(struct unikernel *unikernel, struct error *err);

/*
 * Attaches every network device of the unikernel and its listeners; the tender's ends of the sockets
 * go to ENDS, in the order of the devices, owned by the caller. 0, or -errno with nothing attached.
 */
int network_attach(struct unikernel *unikernel, int *ends, struct error *err);

/*
 * A connection to a TCP port of the guest, on its first device, as the switch makes it: what the returned
 * socket (the caller's) gives first is one byte 0, once the guest has accepted; or it ends. -errno if there
 * is no way to ask.
 */
int network_connect(struct unikernel *unikernel, uint16_t guest_port, struct error *err);

/* Undoes that; harmless if nothing is attached. */
void network_detach(struct unikernel *unikernel);

/* The unikernel runs on from before this daemon: fills in what is known of its devices. */
void network_reattach(struct unikernel *unikernel);

/* Whether the child of the keep is a switch: one that is taken over; one that has ended (its unikernels are
 * started again, because a tender's end of the socket cannot be replaced). */
bool network_adopt(struct daemon *daemon, const struct keep_child *child);
bool network_exited(struct daemon *daemon, uint64_t id);

/* The keep is dead, and all switches with it. */
void network_lose_all(struct daemon *daemon);

/* Ends all switches. */
void network_close_all(struct daemon *daemon);

#endif
