/* facts.h: what is known of the images in the store. */
#ifndef DAEMON_FACTS_H
#define DAEMON_FACTS_H

#include <stdint.h>

#include "check_protocol.h"
#include "owned.h"
#include "wire_types.h"

struct daemon;
struct error;

/* An ImageInfo of what the checker found; NULL and ERR after a failure. */
struct owned *facts_of_check(const struct check_reply *reply, const uint8_t *digest, uint64_t size,
                             struct error *err);

/* The stored image's ImageInfo, and what can run it in *TARGETS; NULL and ERR if there is none. */
struct owned *facts_find(struct daemon *daemon, struct wire_bytes digest, int64_t *targets,
                         struct error *err);

/* The names of the unikernels that use the image, at or below QUERY and relative to it; arrays from ARENA. 0
 * or -ENOMEM. */
int facts_users(const struct daemon *daemon, const char *query, struct wire_bytes digest,
                struct wire_arena *arena, struct wire_image_info *info);

#endif
