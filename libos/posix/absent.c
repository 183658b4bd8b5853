/*
 * absent.c: the calls that programs try and do without: they fail, most with ENOSYS, and
 * `bivy inspect --syscalls` names those that an image has.
 *
 * A call that a program cannot do without is not here: it does not exist, and linking fails.
 */
#define ABSENT(name, error)                                                                                  \
    __asm__(".pushsection .text.posix_absent_" #name ",\"ax\",@progbits\n"                                   \
            ".globl posix_call_" #name ", posix_absent_" #name "\n"                                          \
            ".type posix_call_" #name ", @function\n"                                                        \
            ".type posix_absent_" #name ", @function\n"                                                      \
            "posix_call_" #name ":\n"                                                                        \
            "posix_absent_" #name ":\n"                                                                      \
            "    movq $-" #error ", %rax\n"                                                                  \
            "    ret\n"                                                                                      \
            ".size posix_call_" #name ", . - posix_call_" #name "\n"                                         \
            ".popsection\n")

/* No such call: ENOSYS. */
ABSENT(copy_file_range, 38);
ABSENT(faccessat2, 38);
ABSENT(futimesat, 38);
ABSENT(get_robust_list, 38);
ABSENT(eventfd, 38);
ABSENT(getcpu, 38);
ABSENT(getgroups, 38);
ABSENT(getitimer, 38);
ABSENT(getpgid, 38);
ABSENT(getpriority, 38);
ABSENT(getrusage, 38);
ABSENT(getsid, 38);
ABSENT(inotify_add_watch, 38);
ABSENT(inotify_init, 38);
ABSENT(inotify_init1, 38);
ABSENT(inotify_rm_watch, 38);
ABSENT(ioprio_set, 38);
ABSENT(membarrier, 38);
ABSENT(memfd_create, 38);
ABSENT(mincore, 38);
ABSENT(mlockall, 38);
ABSENT(mq_open, 38);
ABSENT(munlockall, 38);
ABSENT(name_to_handle_at, 38);
ABSENT(open_by_handle_at, 38);
ABSENT(prctl, 38);
ABSENT(readahead, 38);
ABSENT(rt_sigtimedwait, 38);
ABSENT(sched_get_priority_max, 38);
ABSENT(sched_get_priority_min, 38);
ABSENT(sched_getparam, 38);
ABSENT(sched_getscheduler, 38);
ABSENT(sched_rr_get_interval, 38);
ABSENT(sched_setaffinity, 38);
ABSENT(sched_setparam, 38);
ABSENT(sched_setscheduler, 38);
ABSENT(setpriority, 38);
ABSENT(splice, 38);
ABSENT(statx, 38);
ABSENT(sync_file_range, 38);
ABSENT(recvmmsg, 38);
ABSENT(tee, 38);
ABSENT(utimes, 38);
ABSENT(times, 38);
ABSENT(vmsplice, 38);

/* Nobody may: EPERM. */
ABSENT(adjtimex, 1);
ABSENT(chown, 1);
ABSENT(clock_adjtime, 1);
ABSENT(clock_settime, 1);
ABSENT(fchown, 1);
ABSENT(fchownat, 1);
ABSENT(lchown, 1);
ABSENT(link, 1);
ABSENT(linkat, 1);
ABSENT(mknod, 1);
ABSENT(mknodat, 1);
ABSENT(setdomainname, 1);
ABSENT(setgroups, 1);
ABSENT(sethostname, 1);
ABSENT(setpgid, 1);
ABSENT(setsid, 1);
ABSENT(symlink, 1);
ABSENT(symlinkat, 1);
ABSENT(settimeofday, 1);

/* Not supported: EOPNOTSUPP. */
ABSENT(fallocate, 95);
ABSENT(fgetxattr, 95);
ABSENT(flistxattr, 95);
ABSENT(fsetxattr, 95);
ABSENT(getxattr, 95);
ABSENT(lgetxattr, 95);
ABSENT(listxattr, 95);
ABSENT(setxattr, 95);

/* Memory is given by mmap(): ENOMEM. */
ABSENT(brk, 12);
