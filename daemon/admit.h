/* admit.h: whether a configuration can be what it says, before and after its image is known. */
#ifndef DAEMON_ADMIT_H
#define DAEMON_ADMIT_H

#include <stdint.h>

#include "wire_types.h"

struct daemon;
struct error;

#define ADMIT_MEMORY_MAX INT64_C(1048576) /* MiB of one unikernel */

/* What needs no image: the name, numbers, devices, ports, networks, policies. 0 or -errno. */
int admit_config(struct daemon *daemon, const char *name, const struct wire_deploy *deploy,
                 struct error *err);

/*
 * Holds the configuration against the image: every declared device is given one and no other is (a
 * network device that is not mentioned gets the network "user", written into DEPLOY with memory from
 * ARENA, if FILL), enough memory, a tender for one of TARGETS (written into DEPLOY).
 */
int admit_image(struct daemon *daemon, const char *name, struct wire_deploy *deploy,
                const struct wire_image_info *image, int64_t targets, bool fill, struct wire_arena *arena,
                struct error *err);

#endif
