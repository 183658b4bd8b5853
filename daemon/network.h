/*
 * network.h: the network devices of unikernels, whatever they are attached to: a switch of their path
 * (usernet.h) or a bridge of the host (bridge.h). Which one a name means says networks.h.
 *
 * Addresses are chosen by the daemon and remembered (lease.h): a unikernel keeps its address as long as it
 * exists.
 */
#ifndef DAEMON_NETWORK_H
#define DAEMON_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

struct daemon;
struct error;
struct unikernel;
struct wire_deploy;

/* Prepares for adoption: networks, numbers in use, addresses; watches the host's interfaces. 0 or -errno. */
int network_open(struct daemon *daemon, struct error *err);

/* Forgets all of it; what runs goes on. */
void network_close(struct daemon *daemon);

/* Whether the devices of the unikernel NAME can be attached to what they name: 0, or -errno and ERR. */
int network_check(struct daemon *daemon, const char *name, const struct wire_deploy *deploy,
                  struct error *err);

/* Starts the switches that NAME needs unless they run, so that it need not wait for them. */
int network_prepare(struct daemon *daemon, const char *name, const struct wire_deploy *deploy,
                    struct error *err);

/* Gives every network device its address, in the store's current transaction; 0 or -errno. */
int network_reserve(struct unikernel *unikernel, struct error *err);

/*
 * Attaches every network device of the unikernel and its listeners; the tender's ends (sockets and taps)
 * go to ENDS, in the order of the devices, owned by the caller. 0, or -errno with nothing attached.
 */
int network_attach(struct unikernel *unikernel, int *ends, struct error *err);

/*
 * A connection to a TCP port of the guest, on its first device: a TCP socket that is connecting (on a
 * bridge), or one as the switch makes it: what it gives first is one byte 0, once the guest has accepted; or
 * it ends. The caller's. -errno if there is no way to ask.
 */
int network_connect(struct unikernel *unikernel, uint16_t guest_port, struct error *err);

/* Undoes that; harmless if nothing is attached. */
void network_detach(struct unikernel *unikernel);

/* The unikernel runs on from before this daemon: fills in what is known of its devices. */
void network_reattach(struct unikernel *unikernel);

#endif
