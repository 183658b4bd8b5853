/*
 * state.h: the states of a unikernel and the one table of what may become what; docs/lifecycle.md shows it.
 *
 * A state is what is, not what is wanted: that stands in the store (enum store_state) and is changed by
 * operations alone. The state is never stored; a daemon that starts finds it out from the keep.
 */
#ifndef DAEMON_STATE_H
#define DAEMON_STATE_H

#include "wire_types.h"

/* What happens to a unikernel. */
enum state_event {
    STATE_STARTED,    /* its process was started */
    STATE_ADOPTED,    /* its process runs on from before this daemon */
    STATE_ENDING,     /* its process was told to end */
    STATE_ENDED,      /* the process that was told to end has ended */
    STATE_EXITED,     /* its process ended by itself */
    STATE_DIED,       /* a signal ended its process, and nothing starts it again */
    STATE_PAUSED,     /* it is to be started again, after a pause */
    STATE_LOOPED,     /* the same, after it ended again and again */
    STATE_GAVE_UP,    /* it could not be started and is not tried again */
    STATE_PUT_ASIDE,  /* an operator stopped what had no process */
    STATE_LOST,       /* the keep died, and its process with it */
    STATE_EVENT_COUNT /* not an event */
};

#define STATE_COUNT (WIRE_STATE_CRASH_LOOP + 1)

/* The state after EVENT, or -1: it cannot happen in the state FROM. */
int state_next(enum wire_state_value from, enum state_event event);

/* Their names, as the documents write them. */
const char *state_name(enum wire_state_value state);
const char *state_event_name(enum state_event event);

#endif
