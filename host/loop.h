/*
 * loop.h: the event loop of the single-threaded programs: descriptors, timers, and work for later.
 *
 * A source's function may add and remove sources, its own included; a removed source is never
 * called again, even if its event was already taken from the kernel.
 */
#ifndef HOST_LOOP_H
#define HOST_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct loop;
struct loop_source;

/* EVENTS: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR as epoll reports them. */
typedef void loop_function(void *context, uint32_t events);
typedef void loop_timer_function(void *context);

/* Creates a loop; NULL and ERR after a failure. */
struct loop *loop_create(struct error *err);
void loop_destroy(struct loop *loop);

/*
 * Watches FD, which stays the caller's, level-triggered for EVENTS. The source lives until
 * loop_remove(). NULL and ERR after a failure.
 */
struct loop_source *loop_add(struct loop *loop, int fd, uint32_t events, loop_function *function,
                             void *context, struct error *err);
void loop_change(struct loop_source *source, uint32_t events);

/* Ends the source at *SOURCE (may be NULL) and clears it; remove before closing the descriptor. */
void loop_remove(struct loop_source **source);

/* Calls FUNCTION once, DELAY_NS nanoseconds from now (0: on the loop's next turn). NULL after a
 * failure. */
struct loop_timer *loop_after(struct loop *loop, uint64_t delay_ns, loop_timer_function *function,
                              void *context, struct error *err);

/* Ends the timer at *TIMER (may be NULL) and clears it; a timer that has fired is gone by itself:
 * its function must clear the caller's pointer. */
void loop_cancel(struct loop_timer **timer);

/* Waits for events and calls their functions, at most TIMEOUT_NS nanoseconds (-1: no limit). 0 or
 * -errno. */
int loop_turn(struct loop *loop, int64_t timeout_ns);

/* Turns until loop_stop(); 0 or -errno. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t loop_now(void);

#endif
