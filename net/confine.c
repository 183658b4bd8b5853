/*
 * confine.c: see confine.h.
 *
 * The filter alone keeps the process from every file, name and other process; the namespaces, the empty
 * root and Landlock stand behind it, in case a system call in it has a flaw. A machine that forbids
 * namespaces to ordinary users therefore loses the second wall only.
 */
#include "confine.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "host/error.h"
#include "host/log.h"
#include "jail/jail.h"

#ifdef NET_SANITIZED
#define SANITIZED 1 /* at the end, the sanitizers' runtime needs /proc, a thread and ptrace */
#else
#define SANITIZED 0
#endif
#define SOCKET_TYPES 0xfu /* the rest of the type argument is flags */

#define ARGUMENT(index, wanted)                                                                              \
    {                                                                                                        \
        .argument = (index), .test = FILTER_EQUAL, .value = (wanted)                                         \
    }
#define ARGUMENT_MASKED(index, m, wanted)                                                                    \
    {                                                                                                        \
        .argument = (index), .test = FILTER_MASKED, .value = (wanted), .mask = (m)                           \
    }
#define ALLOW_SOCKET(family, type, protocol)                                                                 \
    FILTER_ALLOW_IF(__NR_socket, ARGUMENT(0, family), ARGUMENT_MASKED(1, SOCKET_TYPES, type),                \
                    ARGUMENT(2, protocol))

static const struct filter_rule rules[] = {
    /* Frames and datagrams, most frequent first. */
    FILTER_ALLOW(__NR_recvmmsg),
    FILTER_ALLOW(__NR_sendmsg),
    FILTER_ALLOW(__NR_epoll_pwait2),
    FILTER_ALLOW(__NR_sendmmsg),
    FILTER_ALLOW(__NR_recvfrom),
    FILTER_ALLOW(__NR_sendto),
    FILTER_ALLOW(__NR_epoll_ctl),
    FILTER_ALLOW(__NR_epoll_create1),
    FILTER_ALLOW(__NR_recvmsg),
    FILTER_ALLOW(__NR_read),
    FILTER_ALLOW(__NR_readv),
    FILTER_ALLOW(__NR_write),
    FILTER_ALLOW(__NR_writev),
    FILTER_ALLOW(__NR_accept4),
    FILTER_ALLOW(__NR_close),
    FILTER_ALLOW(__NR_shutdown),
    FILTER_ALLOW(__NR_connect),
    FILTER_ALLOW(__NR_bind),
    FILTER_ALLOW(__NR_getsockname),
    FILTER_ALLOW(__NR_getpeername),
    FILTER_ALLOW(__NR_getsockopt),
    FILTER_ALLOW(__NR_setsockopt),
    FILTER_ALLOW(__NR_fcntl),
    FILTER_ALLOW_IF(__NR_ioctl, ARGUMENT(1, FIONBIO)),
    FILTER_ALLOW_IF(__NR_ioctl, ARGUMENT(1, FIONREAD)),
    FILTER_FAIL(__NR_ioctl, ENOTTY),
    /* Sockets of the internet only. libslirp tries a raw one where echo sockets are forbidden. */
    ALLOW_SOCKET(AF_INET, SOCK_STREAM, 0),
    ALLOW_SOCKET(AF_INET, SOCK_DGRAM, 0),
    ALLOW_SOCKET(AF_INET, SOCK_DGRAM, IPPROTO_ICMP),
    ALLOW_SOCKET(AF_INET6, SOCK_STREAM, 0),
    ALLOW_SOCKET(AF_INET6, SOCK_DGRAM, 0),
    ALLOW_SOCKET(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6),
    FILTER_FAIL(__NR_socket, EACCES),
    /* Memory, never executable. */
    FILTER_ALLOW(__NR_brk),
    FILTER_ALLOW(__NR_munmap),
    FILTER_ALLOW(__NR_mremap),
    FILTER_ALLOW(__NR_madvise),
    FILTER_ALLOW_IF(__NR_mmap, ARGUMENT_MASKED(2, PROT_EXEC, 0)),
    FILTER_ALLOW_IF(__NR_mprotect, ARGUMENT_MASKED(2, PROT_EXEC, 0)),
    /* Its own limits, to look at. */
    FILTER_ALLOW_IF(__NR_prlimit64, ARGUMENT(0, 0), ARGUMENT(2, 0)),
    /* Time, chance, the end. */
    FILTER_ALLOW(__NR_clock_gettime),
    FILTER_ALLOW(__NR_gettimeofday),
    FILTER_ALLOW(__NR_getrandom),
    FILTER_ALLOW(__NR_futex),
    FILTER_ALLOW(__NR_restart_syscall),
    FILTER_ALLOW(__NR_rt_sigreturn),
    FILTER_ALLOW(__NR_rt_sigprocmask),
    FILTER_ALLOW(__NR_exit_group),
    /* What libraries try and can do without: seeds from files, the state of standard error. */
    FILTER_ALLOW(__NR_getpid),
    FILTER_ALLOW(__NR_getppid),
    FILTER_ALLOW(__NR_gettid),
    FILTER_FAIL(__NR_open, EACCES),
    FILTER_FAIL(__NR_openat, EACCES),
    FILTER_FAIL(__NR_newfstatat, EACCES),
    FILTER_FAIL(__NR_fstat, EACCES),
    FILTER_FAIL(__NR_lseek, ESPIPE),
    /* abort() */
    FILTER_ALLOW(__NR_rt_sigaction),
    FILTER_ALLOW_IF(__NR_tgkill, ARGUMENT(2, 6)),
};

int confine_enter(int control, struct error *err)
{
    const int keep[] = {0, 1, 2, control};
    const struct jail jail = {.layers = JAIL_USER_NAMESPACE | JAIL_EMPTY_ROOT | JAIL_IPC | JAIL_LANDLOCK,
                              .keep = keep,
                              .keep_count = sizeof keep / sizeof *keep,
                              .max_file_size = UINT64_MAX, /* its log may be a file */
                              .rules = rules,
                              .rule_count = sizeof rules / sizeof *rules};
    if (SANITIZED)
        return 0;
    int held = jail_enter(&jail, err);
    if (held >= 0 && !(held & JAIL_EMPTY_ROOT))
        log_info("lock in: this machine has no namespaces for us; the system call filter stands alone");
    return held < 0 ? held : 0;
}
