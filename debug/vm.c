/* vm.c: see vm.h. */
#define _GNU_SOURCE
#include "debug/vm.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bivy/abi/hvt.h"
#include "bivy/abi/spt.h"
#include "debug/call.h"
#include "debug/guest.h"
#include "solo5.h"

#define VECTOR_STEP       1u
#define VECTOR_PAGE_FAULT 14u
#define ERROR_PRESENT     1u

/* As Linux tells the processor's exceptions to a process. */
static const struct {
    uint32_t vector;
    int number, code;
} signals[] = {
    {0, SIGFPE, FPE_INTDIV},  {VECTOR_STEP, SIGTRAP, TRAP_TRACE},
    {3, SIGTRAP, SI_KERNEL},  {6, SIGILL, ILL_ILLOPN},
    {12, SIGBUS, SI_KERNEL},  {16, SIGFPE, FPE_FLTINV},
    {17, SIGBUS, BUS_ADRALN}, {19, SIGFPE, FPE_FLTINV},
};

/* struct vm_registers and the tracer's, by the same names. */
#define REGISTER(name)                                                                                       \
    {                                                                                                        \
        offsetof(struct vm_registers, name), offsetof(struct user_regs_struct, name)                         \
    }
static const struct {
    size_t ours, theirs;
} registers_of[] = {REGISTER(rax), REGISTER(rbx), REGISTER(rcx), REGISTER(rdx), REGISTER(rsi), REGISTER(rdi),
                    REGISTER(rsp), REGISTER(rbp), REGISTER(r8),  REGISTER(r9),  REGISTER(r10), REGISTER(r11),
                    REGISTER(r12), REGISTER(r13), REGISTER(r14), REGISTER(r15), REGISTER(rip)};

enum vm_report_kind vm_take(struct guest *guest)
{
    if (pread(guest->memory_fd, &guest->report, sizeof guest->report, (off_t)VM_REPORT) !=
        (ssize_t)sizeof guest->report)
        guest->report.kind = VM_NOTHING;
    return (enum vm_report_kind)guest->report.kind;
}

void vm_registers(const struct guest *guest, struct user_regs_struct *registers)
{
    const struct vm_report *report = &guest->report;
    memset(registers, 0, sizeof *registers);
    for (size_t i = 0; i < sizeof registers_of / sizeof registers_of[0]; i++)
        memcpy((char *)registers + registers_of[i].theirs,
               (const char *)&report->registers + registers_of[i].ours, sizeof(uint64_t));
    registers->eflags = report->registers.rflags;
    registers->cs = report->cs;
    registers->ss = report->ss;
    registers->ds = registers->es = report->ds;
    registers->fs_base = report->fs_base;
    registers->gs_base = report->gs_base;
}

void vm_set_registers(struct guest *guest, const struct user_regs_struct *registers)
{
    struct vm_report *report = &guest->report;
    for (size_t i = 0; i < sizeof registers_of / sizeof registers_of[0]; i++)
        memcpy((char *)&report->registers + registers_of[i].ours,
               (const char *)registers + registers_of[i].theirs, sizeof(uint64_t));
    report->registers.rflags = registers->eflags;
    report->set_registers = 1;
}

static int exception_signal(const struct vm_report *report, siginfo_t *info)
{
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        if (signals[i].vector != report->vector)
            continue;
        info->si_code = signals[i].code;
        info->si_addr = (void *)(uintptr_t)report->registers.rip;
        return signals[i].number;
    }
    info->si_code = SI_KERNEL;
    if (report->vector == VECTOR_PAGE_FAULT) {
        info->si_code = report->error_code & ERROR_PRESENT ? SEGV_ACCERR : SEGV_MAPERR;
        info->si_addr = (void *)(uintptr_t)report->fault_address;
    }
    return SIGSEGV;
}

int vm_signal(const struct guest *guest, siginfo_t *info)
{
    int number = 0;
    memset(info, 0, sizeof *info);
    switch (guest->report.kind) {
    case VM_EXCEPTION:
        number = exception_signal(&guest->report, info);
        break;
    case VM_TRAP:
    case VM_BROKEN:
        info->si_code = SI_KERNEL;
        number = SIGSEGV;
        break;
    case VM_DEBUG:
    case VM_ENTRY:
        info->si_code = TRAP_TRACE;
        number = SIGTRAP;
        break;
    case VM_INTERRUPTED:
        number = SIGINT;
        break;
    case VM_HALT:
        number = SIGABRT;
    }
    info->si_signo = number;
    return number;
}

int vm_resume(struct guest *guest, enum vm_resume how)
{
    guest->report.resume = how;
    guest->report.interrupt = 0;
    if (pwrite(guest->memory_fd, &guest->report, sizeof guest->report, (off_t)VM_REPORT) !=
        (ssize_t)sizeof guest->report)
        return -EIO;
    return guest_resume(guest, PTRACE_CONT, 0);
}

/* The tender's handler for this signal never runs: the tracer keeps it, the guest has been left by then. */
void vm_interrupt(const struct guest *guest)
{
    const uint32_t wanted = 1;
    if (pwrite(guest->memory_fd, &wanted, sizeof wanted,
               (off_t)(VM_REPORT + offsetof(struct vm_report, interrupt))) == (ssize_t)sizeof wanted)
        kill(guest->pid, SIGINT);
}

void vm_interrupt_stop(const struct guest *guest)
{
    struct user_regs_struct registers;
    bool entered = ptrace(PTRACE_GETREGS, guest->pid, NULL, &registers) == 0 &&
                   registers.orig_rax == SYS_ioctl && (uint32_t)registers.rsi == KVM_RUN;
    guest_resume(guest, entered ? PTRACE_CONT : PTRACE_SYSCALL, 0);
}

void vm_interrupt_call(const struct guest *guest)
{
    kill(guest->pid, SIGINT);
    guest_resume(guest, PTRACE_CONT, 0);
}

static int64_t result_of(uint64_t word, uint64_t size)
{
    switch ((int32_t)word) {
    case SOLO5_R_OK:
        return (int64_t)size;
    case SOLO5_R_AGAIN:
        return -EAGAIN;
    case SOLO5_R_EINVAL:
        return -EINVAL;
    default:
        return -EIO;
    }
}

static void poll_call(const struct vm_call *from, struct call *call)
{
    call->number = SYS_epoll_pwait;
    for (uint64_t handle = 1; handle < 64 && call->event_count < CALL_EVENTS_MAX; handle++)
        if (from->after[1] >> handle & 1)
            call->events[call->event_count++] = handle;
    if (call->event_count == 0)
        call->events[call->event_count++] = SPT_EVENT_TIMER;
    call->result = (int64_t)call->event_count;
}

static void net_call(const struct vm_call *from, struct call *call, bool write)
{
    *call = (struct call){
        .number = write ? SYS_write : SYS_read,
        .arguments = {(uint64_t)(uint32_t)from->before[0] + VM_FIRST_FD, from->before[1], from->before[2]}};
    call->result = result_of(from->after[3], write ? from->before[2] : from->after[2]);
}

static void block_call(const struct vm_call *from, struct call *call, bool write)
{
    *call = (struct call){.number = write ? SYS_pwrite64 : SYS_pread64,
                          .arguments = {(uint64_t)(uint32_t)from->before[0] + VM_FIRST_FD, from->before[2],
                                        from->before[3], from->before[1]},
                          .result = result_of(from->after[4], from->before[3])};
}

void vm_call(const struct guest *guest, struct call *call)
{
    const struct vm_call *from = &guest->report.call;
    memset(call, 0, sizeof *call);
    switch (from->number) {
    case HVT_HYPERCALL_WALLTIME:
        *call = (struct call){.number = SYS_clock_gettime,
                              .arguments = {CLOCK_REALTIME},
                              .time_ns = (int64_t)(from->after[0] & INT64_MAX)};
        break;
    case HVT_HYPERCALL_PUTS:
        *call = (struct call){.number = SYS_write,
                              .arguments = {1, from->before[0], from->before[1]},
                              .result = (int64_t)from->before[1]};
        break;
    case HVT_HYPERCALL_POLL:
        poll_call(from, call);
        break;
    case HVT_HYPERCALL_NET_WRITE:
    case HVT_HYPERCALL_NET_READ:
        net_call(from, call, from->number == HVT_HYPERCALL_NET_WRITE);
        break;
    case HVT_HYPERCALL_BLOCK_WRITE:
    case HVT_HYPERCALL_BLOCK_READ:
        block_call(from, call, from->number == HVT_HYPERCALL_BLOCK_WRITE);
        break;
    case HVT_HYPERCALL_HALT:
        *call = (struct call){.number = SYS_exit_group, .arguments = {from->before[1] & 0xff}};
    }
    call->returned = from->end_ns != 0;
}
