/*
 * collect.h: images that nothing needs any more are removed from the store.
 *
 * An image is needed by the unikernels and the releases that use it, and by deployments under way; one that
 * was put into the store for its own sake stays until it is removed by name.
 */
#ifndef DAEMON_COLLECT_H
#define DAEMON_COLLECT_H

#include <stdint.h>

struct daemon;
struct error;

#define COLLECT_DELAY_NS UINT64_C(1000000000) /* one look for all that happens within */

/* Something may need its image no longer: looks soon. */
void collect_later(struct daemon *daemon);

/* At the daemon's start: removes files that the database does not know, which a crash left. */
void collect_strays(struct daemon *daemon);

/* Whether no release and no deployment under way needs the image; -EBUSY and ERR. */
int collect_check_unused(struct daemon *daemon, const uint8_t *digest, struct error *err);

#endif
