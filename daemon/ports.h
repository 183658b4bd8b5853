/* ports.h: the host's ports that lead into unikernels. */
#ifndef DAEMON_PORTS_H
#define DAEMON_PORTS_H

#include <stdbool.h>

#include "wire_types.h"

struct error;

/* Numbers and devices, without opening anything: 0, or -EINVAL and ERR. */
int ports_check(const char *name, const struct wire_deploy *deploy, struct error *err);

/*
 * Opens every port of DEPLOY whose entry in FDS is -1: a listening TCP or bound UDP socket each. Where a free
 * port was asked for (0), the one found is written into DEPLOY. Ports that OTHER (may be NULL) has
 * too are left out: its unikernel is about to give them up. 0, or -errno with ERR naming address and
 * port, and then all is closed.
 */
int ports_open(struct wire_deploy *deploy, const struct wire_deploy *other, int *fds, struct error *err);

/* The index of the network device that the port leads to, or -1. */
int ports_device(const struct wire_deploy *deploy, const struct wire_deploy_port *port);

#endif
