/*
 * daemon.h: what the parts of bivyd share: one struct daemon, passed to all of them.
 *
 * One thread, one loop. Every part keeps its own state in a struct of its own, hung in here by
 * daemon_open(); none reaches into another's.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct keeper;
struct loop;
struct loop_timer;
struct store;
struct unikernel;

struct policy_entry; /* policies.h */
struct policy_reservation;
struct usernet;       /* usernet.h */
struct network_entry; /* networks.h */
struct bridge_watch;  /* bridge_watch.h */
struct connection;    /* connection.h */
struct pending_event;

struct daemon {
    struct loop *loop;
    struct store *store;
    struct keeper *keeper;
    char run_dir[PATH_MAX], state_dir[PATH_MAX];
    int image_dir, console_dir;
    bool root;
    int cgroup;     /* descriptor of the directory above the unikernels' own; -1: none */
    int identities; /* whether each tender can have a uid of its own: 1, -1: no, 0: not looked yet */

    struct unikernel **unikernels; /* sorted by name */
    size_t unikernel_count, unikernel_capacity;
    struct policy_entry *policies; /* the root's first */
    struct policy_reservation *reservations;
    struct usernet *switches;
    struct network_entry *definitions;
    struct bridge_watch *bridge_watch;
    struct connection *connections;
    size_t connection_count;

    struct pending_event *events, **events_end; /* not yet in the store */
    struct loop_timer *events_timer;
    int64_t last_event;

    struct loop_timer *collect_timer;

    bool ending;     /* no new work */
    bool ending_all; /* shutdown was asked for: end the unikernels, the networks and the keep too */
    struct loop_timer *ending_timer;
};

/* Milliseconds of the wall clock since 1970. */
int64_t daemon_now_ms(void);

#endif
