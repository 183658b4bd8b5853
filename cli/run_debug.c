/* run_debug.c: see run_debug.h. */
#define _GNU_SOURCE
#include "run_debug.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "bivy/abi/spt.h"
#include "debug/core.h"
#include "debug/crash.h"
#include "debug/gdb.h"
#include "debug/guest.h"
#include "debug/symbols.h"
#include "debug/trace.h"
#include "debug/vm.h"
#include "debug/x86_64/machine.h"
#include "host/error.h"
#include "host/spawn.h"
#include "run.h"

#define STATUS_ABORT 255 /* of exit_group(); the Solo5 ABI facts, section 3 */

struct run_debug {
    const struct run *run;
    struct guest guest;                  /* pid 0: not traced */
    struct gdb *gdb;                     /* NULL: not wanted */
    enum { TENDER, ENTRY, GUEST } phase; /* of a guest that gdb waits for */
    uint8_t entry_code[MACHINE_BREAKPOINT_SIZE];
    struct trace *trace; /* NULL: not wanted */
    bool told;           /* a crash was printed */
    bool sent;           /* the last signal that would tell of a fault came from outside */
};

struct run_debug *run_debug_new(const struct run *run, struct error *err)
{
    struct run_debug *debug = calloc(1, sizeof *debug);
    if (debug == NULL) {
        error_set(err, ENOMEM, "run", run->path, NULL);
        return NULL;
    }
    debug->run = run;
    debug->guest = (struct guest){.memory_fd = -1,
                                  .memory_size = (uint64_t)run->memory * 1048576,
                                  .image = &run->image,
                                  .name = run->path};
    debug->trace = run->values->trace ? trace_new(&debug->guest, stderr) : NULL;
    if (run->values->gdb.given) {
        uint16_t port = (uint16_t)run->values->gdb.value;
        debug->gdb = gdb_open(&debug->guest, &port, err);
        if (debug->gdb == NULL) {
            run_debug_free(debug);
            return NULL;
        }
        fprintf(stderr, "gdb: target remote 127.0.0.1:%u\n", port);
    }
    return debug;
}

int run_debug_fd(const struct run_debug *debug)
{
    return debug->gdb != NULL && debug->phase == GUEST ? gdb_fd(debug->gdb) : -1;
}

void run_debug_free(struct run_debug *debug)
{
    if (debug == NULL)
        return;
    gdb_close(debug->gdb);
    trace_free(debug->trace);
    symbols_free(debug->guest.symbols);
    guest_close(&debug->guest);
    free(debug);
}

/* What the user asked for needs a tracer, crash reports do without if they must. */
static bool must_trace(const struct run *run)
{
    return run->values->trace || run->values->core != NULL || run->values->gdb.given;
}

static void resume(const struct run_debug *debug, int number)
{
    if (debug->guest.vm) {
        guest_resume(&debug->guest, PTRACE_CONT, number);
        return;
    }
    guest_resume(&debug->guest,
                 debug->trace != NULL || (debug->gdb != NULL && debug->phase == TENDER) ? PTRACE_SYSCALL
                                                                                        : PTRACE_CONT,
                 number);
}

int run_debug_spawn(struct run_debug *debug, struct spawn *spawn, bool vm, int *pidfd, struct error *err)
{
    debug->guest.vm = vm;
    debug->guest.memory_size = (uint64_t)debug->run->memory * 1048576;
    spawn->traced = true;
    pid_t pid = spawn_program(spawn, pidfd, err);
    if (pid < 0 && spawn->traced && err->code == EPERM && !must_trace(debug->run)) {
        /* The host forbids tracing: no crash reports, but all else works. */
        spawn->traced = false;
        *err = (struct error){.code = 0};
        pid = spawn_program(spawn, pidfd, err);
    }
    if (pid < 0 || !spawn->traced)
        return pid < 0 ? (int)pid : 0;
    int result = guest_open(&debug->guest, pid, err);
    if (result == 0)
        resume(debug, 0);
    return result;
}

/* The names are read when they are needed: most guests do not crash. */
static void read_symbols(struct run_debug *debug)
{
    if (debug->guest.symbols == NULL)
        debug->guest.symbols = symbols_read(debug->run->image_fd);
}

static void write_core(const struct run_debug *debug, int number, const siginfo_t *fault)
{
    char path[PATH_MAX];
    struct error why = {.code = 0};
    if (debug->run->values->core == NULL)
        return;
    if (core_write(&debug->guest, debug->run->values->core, debug->run->label, number, fault, path, &why) < 0)
        error_print(&why, "bivy");
    else
        fprintf(stderr, "core: %s: gdb %s %s\n", path, debug->run->path, path);
}

static void tell_crash(struct run_debug *debug, int number, const siginfo_t *fault)
{
    if (debug->told)
        return;
    debug->told = true;
    read_symbols(debug);
    crash_print(&debug->guest, number, fault, stderr);
    write_core(debug, number, fault);
}

static void tell_abort(struct run_debug *debug)
{
    read_symbols(debug);
    debug->told = crash_print_abort(&debug->guest, stderr);
    if (debug->told)
        write_core(debug, SIGABRT, NULL);
}

/* A virtual machine's tender ends by itself; how its guest fared stands in the report. */
static void tell_vm_end(struct run_debug *debug)
{
    siginfo_t info;
    switch (vm_take(&debug->guest)) {
    case VM_EXCEPTION:
    case VM_TRAP:
    case VM_BROKEN:
        tell_crash(debug, vm_signal(&debug->guest, &info), &info);
        break;
    case VM_HALT:
        tell_abort(debug);
        break;
    default:
        break;
    }
}

/* The guest is about to end with STATUS, in the form of waitpid(). */
static void handle_exit(struct run_debug *debug)
{
    unsigned long status = 0;
    if (ptrace(PTRACE_GETEVENTMSG, debug->guest.pid, NULL, &status) < 0)
        return;
    if (debug->trace != NULL)
        trace_end(debug->trace);
    if (debug->gdb != NULL)
        gdb_ended(debug->gdb, (int)status);
    if (WIFSIGNALED((int)status) && crash_is_fault(WTERMSIG((int)status)) && !debug->sent && !debug->guest.vm)
        tell_crash(debug, WTERMSIG((int)status), NULL);
    if (debug->guest.vm && WIFEXITED((int)status))
        tell_vm_end(debug);
    else if (WIFEXITED((int)status) && WEXITSTATUS((int)status) == STATUS_ABORT && !debug->told)
        tell_abort(debug);
}

/* The tender's last call, from its trampoline: the guest is in place, and a breakpoint can be planted at its
 * first instruction. */
static void plant_entry(struct run_debug *debug)
{
    struct user_regs_struct registers;
    uint64_t entry = debug->run->image.entry;
    if (ptrace(PTRACE_GETREGS, debug->guest.pid, NULL, &registers) < 0 || registers.rip >= SPT_BOOT_INFO ||
        registers.orig_rax != SYS_seccomp)
        return;
    guest_read(&debug->guest, entry, debug->entry_code, sizeof debug->entry_code);
    if (guest_write(&debug->guest, entry, machine_breakpoint, sizeof debug->entry_code) == 0)
        debug->phase = ENTRY;
}

/* At the first instruction: takes the breakpoint out and goes back to it. */
static void arrive(struct run_debug *debug)
{
    struct user_regs_struct registers;
    guest_write(&debug->guest, debug->run->image.entry, debug->entry_code, sizeof debug->entry_code);
    if (ptrace(PTRACE_GETREGS, debug->guest.pid, NULL, &registers) == 0) {
        registers.rip = debug->run->image.entry;
        ptrace(PTRACE_SETREGS, debug->guest.pid, NULL, &registers);
    }
    debug->phase = GUEST;
}

/* Whether the stop is gdb's to deal with, so that the guest stays as it is. */
static bool stop_for_gdb(struct run_debug *debug, int number)
{
    if (debug->gdb == NULL || number == SIGKILL)
        return false;
    if (debug->phase == ENTRY && number == SIGTRAP)
        arrive(debug);
    if (debug->phase != GUEST)
        return false;
    gdb_stopped(debug->gdb, number);
    return true;
}

/* The tender stands behind a breakpoint of its own; see bivy/vm_report.h. */
static void handle_report(struct run_debug *debug)
{
    struct guest *guest = &debug->guest;
    siginfo_t info;
    enum vm_report_kind kind = vm_take(guest);
    guest->at_breakpoint = true;
    if (kind == VM_CALL && debug->trace != NULL)
        trace_vm(debug->trace);
    if (kind == VM_CALL || debug->gdb == NULL) {
        guest_go(guest, false, 0);
        return;
    }
    debug->phase = GUEST;
    gdb_stopped(debug->gdb, vm_signal(guest, &info));
}

static void handle_vm_stop(struct run_debug *debug, int stop)
{
    siginfo_t info;
    int number = stop & 0x7f;
    if (stop == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
        handle_exit(debug);
        number = 0;
    } else if (stop == (SIGTRAP | 0x80)) {
        vm_interrupt_call(&debug->guest);
        return;
    } else if (ptrace(PTRACE_GETSIGINFO, debug->guest.pid, NULL, &info) < 0) {
        number = 0; /* a stop by job control, which is over */
    } else if (number == SIGTRAP && info.si_code > 0) {
        handle_report(debug);
        return;
    } else if (debug->gdb != NULL && number == SIGINT) {
        vm_interrupt_stop(&debug->guest); /* the guest is left; its tender will say so */
        return;
    }
    resume(debug, number);
}

static void handle_stop(struct run_debug *debug, int stop)
{
    siginfo_t info;
    int number = stop & 0x7f;
    if (stop == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
        handle_exit(debug);
        number = 0;
    } else if (stop == (SIGTRAP | 0x80)) {
        if (debug->trace != NULL)
            trace_stop(debug->trace);
        if (debug->gdb != NULL && debug->phase == TENDER)
            plant_entry(debug);
        number = 0;
    } else if (ptrace(PTRACE_GETSIGINFO, debug->guest.pid, NULL, &info) < 0) {
        number = 0; /* a stop by job control, which is over */
    } else if (stop_for_gdb(debug, number)) {
        return;
    } else if (crash_is_fault(number)) {
        debug->sent = info.si_code <= 0;
        if (!debug->sent)
            tell_crash(debug, number, &info);
    }
    resume(debug, number);
}

void run_debug_step(struct run_debug *debug)
{
    siginfo_t info = {0};
    if (debug->guest.pid == 0)
        return;
    while (waitid(P_PID, (id_t)debug->guest.pid, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid != 0) {
        if (debug->guest.vm)
            handle_vm_stop(debug, info.si_status);
        else
            handle_stop(debug, info.si_status);
        info.si_pid = 0;
    }
    if (run_debug_fd(debug) >= 0)
        gdb_step(debug->gdb);
}

bool run_debug_has_told(const struct run_debug *debug)
{
    return debug->told;
}

bool run_debug_is_tracing(const struct run_debug *debug)
{
    return debug->guest.pid != 0;
}

const char *run_debug_option(const struct run *run)
{
    bool stops = run->values->gdb.given;
    return stops && run->values->trace ? "--debug=all"
           : stops                     ? "--debug=stops"
           : run->values->trace        ? "--debug=calls"
                                       : NULL;
}
