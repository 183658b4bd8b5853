/*
 * spawn.h: starts another program with exactly the descriptors, arguments and environment that it
 * is given.
 *
 * The child shares the parent's memory until it has executed (CLONE_VFORK | CLONE_VM): no page
 * table is copied, so that the cost does not grow with the parent. Errors of the child, exec
 * included, come back.
 */
#ifndef HOST_SPAWN_H
#define HOST_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

#define SPAWN_FD_MAX 64 /* entries of struct spawn.fds */

struct spawn {
    const char *program;      /* path; no search */
    char *const *arguments;   /* argv, NULL-terminated; [0] included */
    char *const *environment; /* NULL: empty */
    const int *fds;       /* fds[i] becomes the child's descriptor i; -1: /dev/null for 0..2, else closed */
    size_t fd_count;      /* 3..SPAWN_FD_MAX; everything above is closed in the child */
    bool new_session;     /* setsid(): signals for the caller's terminal do not reach the child */
    bool die_with_parent; /* SIGKILL when the calling thread ends */
    bool own_pids;        /* a PID namespace of its own, if this process may make one; else as without */
    int cgroup_fd; /* 0: the caller's cgroup; else a directory of cgroup v2, which the child starts in */
    bool traced;   /* the calling thread traces the child, which stops after the exec (ptrace) */
    uid_t uid;     /* both 0: unchanged; else the child's user and group, no supplementary groups */
    gid_t gid;
    const uint64_t *cpus; /* NULL: unchanged; else a mask of cpu_words * 64 allowed processors */
    size_t cpu_words;
};

/*
 * Starts the program. Returns its pid and stores a pidfd (close-on-exec, owned by the caller) in
 * *PIDFD; or -errno with ERR naming the program.
 */
pid_t spawn_program(const struct spawn *spawn, int *pidfd, struct error *err);

/*
 * Reaps the child behind PIDFD if it has ended. Returns 1 and its *STATUS in the form of a shell
 * (0..255; 128 plus the signal's number for a signal), 0 if it still runs, or -errno.
 */
int spawn_reap(int pidfd, int *status);

#endif
