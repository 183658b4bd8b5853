/* spawn.c: starts another program; see spawn.h. */
#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"

#define CHILD_STACK_SIZE (64u * 1024u)

/*
 * A child that executes never returns from its functions, so what the sanitizer marked on its stack stays
 * marked where another mapping may come to lie.
 */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SPAWN_UNMARK 1
#endif
#endif
#if defined(SPAWN_UNMARK) || defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

/* What parent and child share while the parent waits for the exec. */
struct child {
    const struct spawn *spawn;
    pid_t parent;
    const char *step; /* what failed */
    int error;        /* and its errno */
};

/*
 * Puts the descriptors in place in two steps, all of them above the targets first, so that no
 * target overwrites a source that is still needed.
 */
static int place_descriptors(const struct spawn *spawn)
{
    int moved[SPAWN_FD_MAX];
    int base = (int)spawn->fd_count;
    for (size_t i = 0; i < spawn->fd_count; i++) {
        int source = spawn->fds[i];
        if (source < 0 && i < 3)
            source = open("/dev/null", O_RDWR);
        moved[i] = source < 0 ? -1 : fcntl(source, F_DUPFD, base);
        if (source >= 0 && moved[i] < 0)
            return -1;
    }
    for (size_t i = 0; i < spawn->fd_count; i++) {
        if (moved[i] < 0)
            close((int)i);
        else if (dup2(moved[i], (int)i) < 0)
            return -1;
    }
    return close_range((unsigned)base, ~0u, 0);
}

static void reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int set_user(const struct spawn *spawn)
{
    /* By system call: the C library's wrappers would change all threads of the memory that is still
     * shared. */
    if (spawn->uid == 0 && spawn->gid == 0)
        return 0;
    if (syscall(SYS_setgroups, 0, NULL) < 0)
        return -1;
    if (syscall(SYS_setresgid, spawn->gid, spawn->gid, spawn->gid) < 0)
        return -1;
    return (int)syscall(SYS_setresuid, spawn->uid, spawn->uid, spawn->uid);
}

/* A parent that ended before the kernel was asked would never be noticed. */
static int die_with(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return -1;
    pid_t now = getppid(); /* 0: another PID namespace, in which the parent has no number */
    if (now == parent || now == 0)
        return 0;
    errno = ESRCH;
    return -1;
}

static int set_cpus(const struct spawn *spawn)
{
    if (spawn->cpus == NULL)
        return 0;
    return (int)syscall(SYS_sched_setaffinity, 0, spawn->cpu_words * sizeof(uint64_t), spawn->cpus) < 0 ? -1
                                                                                                        : 0;
}

/* "0" is whoever writes. CLONE_INTO_CGROUP would do it a moment earlier, but needs clone3(), which the C
 * library cannot give a stack and a function to. */
static int enter_cgroup(const struct spawn *spawn)
{
    if (spawn->cgroup_fd == 0)
        return 0;
    int fd = openat(spawn->cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    return fd < 0 || write(fd, "0", 1) != 1 ? -1 : close(fd);
}

#define CHILD_STEP(child, name, expression)                                                                  \
    do {                                                                                                     \
        (child)->step = (name);                                                                              \
        if ((expression) < 0) {                                                                              \
            (child)->error = errno;                                                                          \
            _exit(127);                                                                                      \
        }                                                                                                    \
    } while (0)

static int child_main(void *argument)
{
    static char *const no_environment[] = {NULL};
    struct child *child = argument;
    const struct spawn *spawn = child->spawn;
    reset_signals();
    if (spawn->new_session)
        CHILD_STEP(child, "start session", setsid());
    CHILD_STEP(child, "enter cgroup", enter_cgroup(spawn));
    CHILD_STEP(child, "set processors", set_cpus(spawn));
    CHILD_STEP(child, "set user", set_user(spawn));
    if (spawn->die_with_parent)
        CHILD_STEP(child, "set death signal", die_with(child->parent));
    if (spawn->traced)
        CHILD_STEP(child, "trace", (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL));
    CHILD_STEP(child, "pass descriptors", place_descriptors(spawn));
    CHILD_STEP(
        child, "execute",
        execve(spawn->program, spawn->arguments, spawn->environment ? spawn->environment : no_environment));
    return 127;
}

static pid_t clone_child(struct child *child, void *stack, int more, int *pidfd)
{
    return clone(child_main, (char *)stack + CHILD_STACK_SIZE,
                 CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD | more, child, pidfd);
}

pid_t spawn_program(const struct spawn *spawn, int *pidfd, struct error *err)
{
    if (spawn->fd_count < 3 || spawn->fd_count > SPAWN_FD_MAX)
        return error_set(err, EINVAL, "start program", spawn->program, "%zu descriptors", spawn->fd_count);
    void *stack =
        mmap(NULL, CHILD_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return error_set(err, errno, "start program", spawn->program, NULL);
    struct child child = {.spawn = spawn, .parent = getpid()};
    sigset_t all;
    sigset_t mask;
    sigfillset(&all);
    /* No handler of the parent may run in the child, which shares its memory. */
    sigprocmask(SIG_SETMASK, &all, &mask);
    int child_pidfd = -1;
    pid_t pid = clone_child(&child, stack, spawn->own_pids ? CLONE_NEWPID : 0, &child_pidfd);
    if (pid < 0 && errno == EPERM && spawn->own_pids)
        pid = clone_child(&child, stack, 0, &child_pidfd);
    int clone_error = errno;
    sigprocmask(SIG_SETMASK, &mask, NULL);
    ASAN_UNPOISON_MEMORY_REGION(stack, CHILD_STACK_SIZE);
    munmap(stack, CHILD_STACK_SIZE);
    if (pid < 0)
        return error_set(err, clone_error, "start program", spawn->program, NULL);
    if (child.error != 0) {
        waitpid(pid, NULL, 0);
        fd_close(&child_pidfd);
        return error_set(err, child.error, child.step, spawn->program, NULL);
    }
    *pidfd = child_pidfd;
    return pid;
}

int spawn_reap(int pidfd, int *status)
{
    siginfo_t info = {0};
    if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0)
        return -errno;
    if (info.si_pid == 0)
        return 0;
    *status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return 1;
}
