/*
 * run_tender.c: the tender of `bivy run`: which one, its start, its end.
 *
 * A guest cannot write to its tender's standard error, which is therefore a pipe: what stands in it when the
 * tender ends tells a failure of the tender from a guest that returned the same status, or how a guest in a
 * virtual machine crashed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "debug/crash.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/path.h"
#include "host/spawn.h"
#include "kvm.h"
#include "run.h"
#include "run_capture.h"
#include "run_debug.h"

struct tender {
    int pidfd;
    int errors;  /* read end of its standard error */
    int signals; /* signalfd */
    bool vm;
    bool asked; /* a signal was passed on */
    struct run_debug *debug;
    struct run_captures *captures;
};

static bool image_is_for(const struct run *run, uint32_t target)
{
    return (run->image.targets & (1u << target)) != 0;
}

/* Says why no tender of ours can run the image in the way that is wanted. */
static int refuse_tender(const struct run *run, bool vm, struct error *err)
{
    if (!vm) {
        error_set(err, ENOEXEC, "run as a process", run->path, "the image is not built for it");
        error_hint(err, "%s",
                   image_is_for(run, ABI_TARGET_HVT) ? "--as vm" : "bivy build makes images for both");
    } else if (!image_is_for(run, ABI_TARGET_HVT)) {
        error_set(err, ENOEXEC, "run as a virtual machine", run->path, "the image is not built for it");
        error_hint(err, "%s",
                   image_is_for(run, ABI_TARGET_SPT) ? "--as process" : "bivy build makes images for both");
    } else {
        struct kvm_host kvm;
        kvm_look(&kvm);
        error_set(err, ENOENT, "run as a virtual machine", run->path,
                  "bivy-hvt does not stand beside bivy; this host: %s", kvm.found);
        error_hint(err, "%s",
                   image_is_for(run, ABI_TARGET_SPT) ? "the image also runs as it is: --as process"
                                                     : "the image runs only as a virtual machine");
    }
    return -ENOEXEC;
}

static int choose_program(const struct run *run, char program[static PATH_MAX], bool *is_vm,
                          struct error *err)
{
    bool vm = run->values->tender == RUN_VM;
    if (run->values->tender == RUN_ANY)
        vm = !image_is_for(run, ABI_TARGET_SPT);
    if (!image_is_for(run, vm ? ABI_TARGET_HVT : ABI_TARGET_SPT))
        return refuse_tender(run, vm, err);
    *is_vm = vm;
    if (vm && path_program(program, "bivy-hvt", NULL) < 0)
        return refuse_tender(run, true, err);
    return path_program(program, vm ? "bivy-hvt" : "bivy-spt", err);
}

static int open_cgroup(struct run *run, struct error *err)
{
    if (run->values->cgroup == NULL)
        return 0;
    run->cgroup_fd = open(run->values->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return run->cgroup_fd < 0 ? error_set(err, errno, "open cgroup", run->values->cgroup, NULL) : 0;
}

static int start(struct run *run, struct tender *tender, struct error *err)
{
    char program[PATH_MAX];
    int errors[2];
    struct run_command command;
    int result = choose_program(run, program, &tender->vm, err);
    if (result < 0)
        return result;
    run->vm = tender->vm;
    if (tender->vm)
        run->memory += run->memory % 2; /* machines have memory in steps of 2 MiB */
    result = open_cgroup(run, err);
    if (result < 0)
        return result;
    if (pipe2(errors, O_CLOEXEC) < 0)
        return error_set(err, errno, "run", run->path, NULL);
    tender->errors = errors[0];
    result = run_command_make(run, program, errors[1], &command, err);
    if (result == 0) {
        uint64_t cpus[(RUN_CPU_MAX + 1) / 64] = {0};
        cpus[run->values->cpu.value / 64] = UINT64_C(1) << (run->values->cpu.value % 64);
        struct spawn spawn = {.program = program,
                              .arguments = command.words,
                              .fds = command.fds,
                              .fd_count = command.fd_count,
                              .new_session = true,
                              .own_pids = tender->vm,
                              .cgroup_fd = run->cgroup_fd >= 0 ? run->cgroup_fd : 0,
                              .cpus = run->values->cpu.given ? cpus : NULL,
                              .cpu_words = sizeof cpus / sizeof cpus[0],
                              .die_with_parent = true};
        result = run_debug_spawn(tender->debug, &spawn, tender->vm, &tender->pidfd, err);
    }
    run_command_free(&command);
    fd_close(&errors[1]);
    return result;
}

/* Blocks the signals that end a program and makes them readable; *OLD is what to restore. */
static int catch_signals(sigset_t *old)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, old);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The first signal is passed on as it is; the second kills. */
static void pass_signal(struct tender *tender)
{
    struct signalfd_siginfo info;
    if (read(tender->signals, &info, sizeof info) != sizeof info)
        return;
    if (info.ssi_signo == SIGCHLD)
        return;
    syscall(SYS_pidfd_send_signal, tender->pidfd, tender->asked ? SIGKILL : (int)info.ssi_signo, NULL, 0);
    tender->asked = true;
}

/* Waits for the tender's end. Without its network a unikernel is of no use: the switch's end is the tender's.
 */
static int wait_end(const struct run *run, struct tender *tender, struct error *err)
{
    struct pollfd fds[4 + RUN_CAPTURE_FDS] = {{.fd = tender->pidfd, .events = POLLIN},
                                              {.fd = tender->signals, .events = POLLIN},
                                              {.fd = run->switch_pidfd, .events = POLLIN}};
    int result = 0;
    while ((fds[0].revents & POLLIN) == 0) {
        fds[3] = (struct pollfd){.fd = run_debug_fd(tender->debug), .events = POLLIN};
        size_t count = 4 + run_capture_poll(tender->captures, fds + 4);
        if (poll(fds, count, -1) < 0 && errno != EINTR)
            return error_set(err, errno, "wait", run->path, NULL);
        if (fds[1].revents & POLLIN)
            pass_signal(tender);
        run_debug_step(tender->debug);
        run_capture_step(tender->captures);
        if ((fds[2].revents & POLLIN) && (fds[0].revents & POLLIN) == 0) {
            result = error_set(err, EPIPE, "run", run->path, "its network (bivy-net) ended");
            syscall(SYS_pidfd_send_signal, tender->pidfd, SIGKILL, NULL, 0);
            fds[2].fd = -1;
        }
    }
    return result;
}

/* What a signal means when it comes from the sandbox or the processor. */
static const struct {
    int number;
    const char *why, *hint;
} deaths[] = {
    {SIGSYS, "it made a system call that its sandbox does not allow",
     "only images for the process target run here; 'bivy inspect' tells what an image is"},
    {SIGSEGV, "it used memory that is not its own (a wild or null pointer, or the stack overflowed)",
     "more memory (-m) helps only against a stack or heap that is too small"},
    {SIGBUS, "memory backed by a file went away: its image was changed while it ran, or the disk is full",
     NULL},
    {SIGILL, "it came to an instruction that this processor does not have, or to a trap of the compiler",
     NULL},
    {SIGTRAP, "it came to a breakpoint or a trap of the compiler", NULL},
    {SIGFPE, "a division by zero, or one whose result does not fit", NULL},
    {SIGKILL, "something killed it: a limit of memory, or a user",
     "dmesg tells if the kernel ran out of memory"},
};

/* A guest's own fault and a signal that somebody sent it are told apart by the tracer; without one, by what
 * such a signal means. */
static bool is_fault(const struct tender *tender, int number)
{
    return run_debug_is_tracing(tender->debug)
               ? run_debug_has_told(tender->debug)
               : !tender->asked && number != SIGABRT && crash_is_fault(number);
}

static void explain_signal(const struct run *run, const struct tender *tender, int number)
{
    struct error why = {.code = 0};
    /* A reader of the console that has seen enough wants no message about it. */
    if (tender->asked || number == SIGPIPE)
        return;
    error_set(&why, EINTR, "run", run->path, "ended by %s", strsignal(number));
    for (size_t i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        if (deaths[i].number != number || (crash_is_fault(number) && !is_fault(tender, number)))
            continue;
        error_set(&why, EINTR, "run", run->path, "ended by SIG%s: %s", sigabbrev_np(number), deaths[i].why);
        if (deaths[i].hint != NULL)
            error_hint(&why, "%s", deaths[i].hint);
    }
    error_print(&why, "bivy");
}

/* What the tender said, without its own name and the descriptor's number in front. */
static bool read_complaint(const struct tender *tender, char text[static 1280])
{
    fd_set_nonblocking(tender->errors, 1);
    ssize_t n = fd_read_all(tender->errors, text, 1279);
    text[n > 0 ? n : 0] = '\0';
    char *end = text + strlen(text);
    while (end > text && end[-1] == '\n')
        *--end = '\0';
    return n > 0;
}

/* The crash was told from outside; of a call that no guest may make only the tender knows which. */
static int finish_crash(int status, const char *complaint)
{
    if (status != RUN_CRASHED)
        fprintf(stderr, "%s\n", complaint);
    return RUN_CRASHED;
}

/* A virtual machine's tender turns a signal into an exit; to a user of bivy it is a signal all the same. */
static int finish_exit(const struct run *run, const struct tender *tender, int status, struct error *err)
{
    static const char signalled[] = "bivy-hvt: Exiting on signal ";
    char complaint[1280];
    if (!read_complaint(tender, complaint))
        return status;
    if (run_debug_has_told(tender->debug))
        return finish_crash(status, complaint);
    const char *start = strstr(complaint, ": @3: ");
    start = start != NULL ? start + strlen(": @3: ") : complaint;
    if (status == 1 && strncmp(complaint, signalled, sizeof signalled - 1) == 0)
        return 128 + atoi(complaint + sizeof signalled - 1);
    if (status == 1) {
        error_set(err, ENOEXEC, tender->vm ? "run" : "start", run->path, "%s", start);
        return COMMAND_RUN_FAILED;
    }
    fprintf(stderr, "%s\n", complaint);
    return status;
}

static int finish(const struct run *run, const struct tender *tender, struct error *err)
{
    siginfo_t info = {0};
    if (waitid((idtype_t)P_PIDFD, (id_t)tender->pidfd, &info, WEXITED) < 0)
        return error_set(err, errno, "wait", run->path, NULL), COMMAND_RUN_FAILED;
    if (err->text[0] != '\0')
        return COMMAND_RUN_FAILED;
    if (info.si_code == CLD_EXITED)
        return finish_exit(run, tender, info.si_status, err);
    explain_signal(run, tender, info.si_status);
    return is_fault(tender, info.si_status) ? RUN_CRASHED : 128 + info.si_status;
}

int run_tender(struct run *run, struct error *err)
{
    sigset_t old;
    struct tender tender = {.pidfd = -1, .errors = -1};
    tender.signals = catch_signals(&old);
    int status = COMMAND_RUN_FAILED;
    tender.debug = run_debug_new(run, err);
    tender.captures = run_capture_start(run, err);
    if (tender.debug != NULL && tender.captures != NULL && start(run, &tender, err) == 0) {
        if (run_switch_finish(run, err) < 0)
            syscall(SYS_pidfd_send_signal, tender.pidfd, SIGKILL, NULL, 0);
        else
            wait_end(run, &tender, err);
        status = finish(run, &tender, err);
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    run_debug_free(tender.debug);
    run_capture_end(tender.captures);
    fd_close(&tender.pidfd);
    fd_close(&tender.errors);
    fd_close(&tender.signals);
    return status;
}
