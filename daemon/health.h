/*
 * health.h: whether a unikernel that runs also answers, asked again and again.
 *
 * One question at a time, the next one an interval after the last one's end. The answer changes what is said
 * of the unikernel, not the unikernel: starting it again is the restart policy's, which looks at ends.
 */
#ifndef DAEMON_HEALTH_H
#define DAEMON_HEALTH_H

#include "wire_types.h"

struct error;
struct loop_timer;
struct probe;
struct unikernel;

struct health {
    enum wire_health_state_value state; /* none: not asked, or no verdict yet */
    unsigned failures;                  /* in a row */
    char why[64];                       /* the last question failed; "": it did not */
    struct loop_timer *timer;           /* until the next question */
    struct probe *probe;                /* the question being asked */
};

/* Whether NAME's configuration asks for what can be done: 0 or -EINVAL. */
int health_check(const char *name, const struct wire_health *wanted, struct error *err);

/* The unikernel's process runs: begins to ask, if its configuration wants it. */
void health_begin(struct unikernel *unikernel);

/* It ends or is gone: no more questions, and nothing is known. */
void health_end(struct unikernel *unikernel);

#endif
