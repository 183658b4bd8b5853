/*
 * jail.h: takes from a running program all that it will not need again.
 *
 * For helpers that handle hostile input and need a libc: the network switch, the daemon's image checker.
 * Each opens what it needs, then calls jail_enter() once, early, while it has a single thread. Layers:
 * descriptors, namespaces with an empty root, limits, Landlock, capabilities, and last the system call
 * filter. What a host may refuse (namespaces without privilege, Landlock on older kernels) is best
 * effort and reported in the result; all else is required.
 */
#ifndef JAIL_JAIL_H
#define JAIL_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jail/filter.h"

struct error;

/* What JAIL holds; jail_enter() returns those that were set up. */
enum jail_layer {
    JAIL_USER_NAMESPACE = 1, /* its own user namespace; implied where an ordinary user asks for another */
    JAIL_EMPTY_ROOT = 2,     /* its own mount namespace, whose root is an empty read-only directory */
    JAIL_NO_NETWORK = 4,     /* its own network namespace, without interfaces */
    JAIL_IPC = 8,            /* its own System V IPC and host name */
    JAIL_LANDLOCK = 16       /* no access by path, other than `readable` */
};

struct jail {
    unsigned layers; /* enum jail_layer, or-ed: what to try */

    const int *keep; /* the descriptors that stay open, in any order; all others are closed */
    size_t keep_count;

    /* Files and directories that stay readable, by absolute path; one that does not exist is left out. */
    const char *const *readable;
    size_t readable_count;

    uint64_t max_memory;    /* bytes of address space; 0: unlimited */
    uint64_t max_files;     /* descriptor numbers; 0: as before */
    uint64_t max_file_size; /* bytes of a file it writes; UINT64_MAX: unlimited */

    const struct filter_rule
        *rules; /* the only system calls from now on; the filter applies to all threads */
    size_t rule_count;
};

/*
 * Enters the jail. Returns the layers of jail->layers that hold (0 or more), or -errno with ERR filled;
 * after a failure the program must end, because it may have lost a part of what it had.
 */
int jail_enter(const struct jail *jail, struct error *err);

#endif
