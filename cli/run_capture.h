/*
 * run_capture.h: `bivy run --pcap`: frames on their way between the guest and its network, kept in a file.
 *
 * Bivy puts itself between the two: the guest gets one end of a socket pair, and what its network is (switch,
 * tap, descriptor) stays with bivy. So it works with every kind of network, and no other program knows of it.
 */
#ifndef CLI_RUN_CAPTURE_H
#define CLI_RUN_CAPTURE_H

#include <poll.h>
#include <stddef.h>

struct error;
struct run;
struct run_captures;

#define RUN_CAPTURE_FDS 128 /* at most; two for each of 64 devices */

/* Opens the files of --pcap and steps between; RUN's devices are open. NULL with ERR filled on failure. */
struct run_captures *run_capture_start(struct run *run, struct error *err);

/* Fills FDS with what to wait for; how many. */
size_t run_capture_poll(const struct run_captures *captures, struct pollfd fds[static RUN_CAPTURE_FDS]);

/* Moves every frame that can be moved; never waits. */
void run_capture_step(struct run_captures *captures);

/* Moves what the guest sent last, closes all and frees. */
void run_capture_end(struct run_captures *captures);

#endif
