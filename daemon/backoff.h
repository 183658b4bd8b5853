/* backoff.h: how long a unikernel that ended waits until it is started again. */
#ifndef DAEMON_BACKOFF_H
#define DAEMON_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_NS UINT64_C(100000000)
#define BACKOFF_MAX_NS   UINT64_C(30000000000)
#define BACKOFF_RESET_NS UINT64_C(10000000000) /* one that ran so long begins anew */

#define BACKOFF_LOOP 4 /* ended so often in a row: that is a loop of crashes */

/*
 * The delay before try number ATTEMPT (0 the first) in nanoseconds: doubled each time up to
 * BACKOFF_MAX_NS, then shortened by up to a quarter, as RANDOM says, so that many that fell
 * together do not rise together.
 */
uint64_t backoff_delay(unsigned attempt, uint32_t random);

#endif
