/* state.c: the table; see state.h. */
#include "state.h"

#define NEVER     0 /* the table holds states + 1, so that what is not written in it cannot happen */
#define TO(state) (1 + (unsigned char)WIRE_STATE_##state)

/* One row for each event, one column for each state that it may happen in. */
static const unsigned char table[STATE_EVENT_COUNT][STATE_COUNT] = {
    [STATE_STARTED] =
        {
            [WIRE_STATE_STARTING] = TO(RUNNING),
            [WIRE_STATE_STOPPED] = TO(RUNNING),
            [WIRE_STATE_EXITED] = TO(RUNNING),
            [WIRE_STATE_FAILED] = TO(RUNNING),
            [WIRE_STATE_WAITING] = TO(RUNNING),
            [WIRE_STATE_CRASH_LOOP] = TO(RUNNING),
        },
    [STATE_ADOPTED] = {[WIRE_STATE_STARTING] = TO(RUNNING)},
    [STATE_ENDING] = {[WIRE_STATE_RUNNING] = TO(STOPPING)},
    [STATE_ENDED] = {[WIRE_STATE_STOPPING] = TO(STOPPED)},
    [STATE_EXITED] =
        {
            [WIRE_STATE_STARTING] = TO(EXITED), /* while no daemon ran */
            [WIRE_STATE_RUNNING] = TO(EXITED),
        },
    [STATE_DIED] =
        {
            [WIRE_STATE_STARTING] = TO(FAILED),
            [WIRE_STATE_RUNNING] = TO(FAILED),
        },
    [STATE_PAUSED] =
        {
            [WIRE_STATE_STARTING] = TO(WAITING),
            [WIRE_STATE_RUNNING] = TO(WAITING),
            [WIRE_STATE_STOPPED] = TO(WAITING),
            [WIRE_STATE_EXITED] = TO(WAITING),
            [WIRE_STATE_FAILED] = TO(WAITING),
            [WIRE_STATE_WAITING] = TO(WAITING),
            [WIRE_STATE_CRASH_LOOP] = TO(WAITING),
        },
    [STATE_LOOPED] =
        {
            [WIRE_STATE_STARTING] = TO(CRASH_LOOP),
            [WIRE_STATE_RUNNING] = TO(CRASH_LOOP),
            [WIRE_STATE_STOPPED] = TO(CRASH_LOOP),
            [WIRE_STATE_EXITED] = TO(CRASH_LOOP),
            [WIRE_STATE_FAILED] = TO(CRASH_LOOP),
            [WIRE_STATE_WAITING] = TO(CRASH_LOOP),
            [WIRE_STATE_CRASH_LOOP] = TO(CRASH_LOOP),
        },
    [STATE_GAVE_UP] =
        {
            [WIRE_STATE_STARTING] = TO(FAILED),
            [WIRE_STATE_STOPPED] = TO(FAILED),
            [WIRE_STATE_EXITED] = TO(FAILED),
            [WIRE_STATE_FAILED] = TO(FAILED),
            [WIRE_STATE_WAITING] = TO(FAILED),
            [WIRE_STATE_CRASH_LOOP] = TO(FAILED),
        },
    [STATE_PUT_ASIDE] =
        {
            [WIRE_STATE_STARTING] = TO(STOPPED),
            [WIRE_STATE_STOPPED] = TO(STOPPED),
            [WIRE_STATE_EXITED] = TO(STOPPED),
            [WIRE_STATE_FAILED] = TO(STOPPED),
            [WIRE_STATE_WAITING] = TO(STOPPED),
            [WIRE_STATE_CRASH_LOOP] = TO(STOPPED),
        },
    [STATE_LOST] = {[WIRE_STATE_RUNNING] = TO(STARTING)},
};

int state_next(enum wire_state_value from, enum state_event event)
{
    if ((unsigned)from >= STATE_COUNT || (unsigned)event >= STATE_EVENT_COUNT || table[event][from] == NEVER)
        return -1;
    return table[event][from] - 1;
}

const char *state_name(enum wire_state_value state)
{
    static const char *const names[STATE_COUNT] = {
        [WIRE_STATE_STARTING] = "starting", [WIRE_STATE_RUNNING] = "running",
        [WIRE_STATE_STOPPING] = "stopping", [WIRE_STATE_STOPPED] = "stopped",
        [WIRE_STATE_EXITED] = "exited",     [WIRE_STATE_FAILED] = "failed",
        [WIRE_STATE_WAITING] = "waiting",   [WIRE_STATE_CRASH_LOOP] = "crash-loop",
    };
    return (unsigned)state < STATE_COUNT ? names[state] : "unknown";
}

const char *state_event_name(enum state_event event)
{
    static const char *const names[STATE_EVENT_COUNT] = {
        [STATE_STARTED] = "started",     [STATE_ADOPTED] = "adopted", [STATE_ENDING] = "ending",
        [STATE_ENDED] = "ended",         [STATE_EXITED] = "exited",   [STATE_DIED] = "died",
        [STATE_PAUSED] = "paused",       [STATE_LOOPED] = "looped",   [STATE_GAVE_UP] = "gave up",
        [STATE_PUT_ASIDE] = "put aside", [STATE_LOST] = "lost",
    };
    return (unsigned)event < STATE_EVENT_COUNT ? names[event] : "unknown";
}
