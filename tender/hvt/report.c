/* report.c: see report.h. */
#define _GNU_SOURCE
#include "tender/hvt/report.h"

#include <sys/mman.h>

#include "bivy/abi/hvt.h"
#include "tender/common/message.h"
#include "tender/common/options.h"
#include "tender/common/system.h"
#include "tender/hvt/x86_64/machine.h"

#define PAGE_SIZE 4096u
#define FLAG_STEP 0x100ull /* RFLAGS.TF */

_Static_assert(sizeof(struct vm_registers) == sizeof(struct kvm_regs), "the kernel's order");

static struct vm_report *report(void)
{
    return (struct vm_report *)VM_REPORT;
}

int report_open(bool user, struct message *message)
{
    int result = system_map(VM_REPORT, PAGE_SIZE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (result != 0)
        return message_fail(message, result, "Could not map memory", "report");
    report()->user = user;
    return 0;
}

void report_make(const struct kvm *kvm, enum vm_report_kind kind)
{
    struct vm_report *to = report();
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    if (kvm_read_registers(kvm, &regs, &sregs) != 0)
        return;
    __builtin_memcpy(&to->registers, &regs, sizeof to->registers);
    to->cs = sregs.cs.selector;
    to->ss = sregs.ss.selector;
    to->ds = sregs.ds.selector;
    to->fs_base = sregs.fs.base;
    to->gs_base = sregs.gs.base;
    to->fault_address = sregs.cr2;
    to->kind = kind;
}

void report_exception(const struct kvm *kvm, const struct machine_frame *frame)
{
    struct vm_report *to = report();
    report_make(kvm, VM_EXCEPTION);
    to->vector = (uint32_t)frame->vector;
    to->error_code = frame->error_code;
    to->registers.rip = frame->rip;
    to->registers.rsp = frame->rsp;
    to->registers.rflags = frame->rflags & ~FLAG_STEP;
}

void report_trap(const struct kvm *kvm, const struct hvt *hvt)
{
    struct vm_report *to = report();
    report_make(kvm, VM_TRAP);
    to->error_code = hvt->trap.error_code;
    to->fault_address = hvt->trap.cr2;
    to->registers.rip = hvt->trap.rip;
    to->registers.rsp = hvt->trap.rsp;
    to->registers.rflags = hvt->trap.rflags;
}

/* The tracer sees the breakpoint, reads the report, answers in it, and lets the tender go on behind it. */
static void stop(void)
{
    __asm__ volatile("int3" : : : "memory");
}

/* A user guest steps by its own flag, a kernel guest, which has exceptions of its own, by KVM. */
static int resume(const struct kvm *kvm)
{
    struct vm_report *from = report();
    bool step = from->resume == VM_STEP;
    struct kvm_regs regs;
    __builtin_memcpy(&regs, &from->registers, sizeof regs);
    if (!from->user) {
        int result =
            kvm_debug(kvm, step, from->breakpoints,
                      from->breakpoint_count < VM_BREAKPOINTS ? from->breakpoint_count : VM_BREAKPOINTS);
        return result == 0 && from->set_registers ? kvm_write_registers(kvm, &regs) : result;
    }
    if (step)
        regs.rflags |= FLAG_STEP;
    return kvm_write_registers(kvm, &regs);
}

enum hvt_next report_stop(const struct hvt *hvt, const struct kvm *kvm, enum hvt_next what)
{
    if ((hvt->debug & OPTIONS_DEBUG_STOPS) == 0)
        return what;
    report()->resume = VM_END;
    report()->set_registers = 0;
    stop();
    if (report()->resume == VM_END)
        return what;
    return resume(kvm) == 0 ? HVT_CONTINUE : HVT_FAILED;
}

bool report_is_interrupted(void)
{
    volatile uint32_t *wanted = &report()->interrupt;
    bool is = *wanted != 0;
    if (is)
        *wanted = 0;
    return is;
}

static void read_words(const struct hvt *hvt, uint64_t address, uint64_t words[static VM_CALL_WORDS])
{
    for (unsigned i = 0; i < VM_CALL_WORDS; i++)
        if (!guest_memory_read(&hvt->memory, address + i * sizeof words[0], &words[i], sizeof words[0]))
            words[i] = 0;
}

void report_call_begin(const struct hvt *hvt, uint32_t number, uint64_t address)
{
    struct vm_call *call = &report()->call;
    if ((hvt->debug & OPTIONS_DEBUG_CALLS) == 0)
        return;
    *call = (struct vm_call){.number = number, .start_ns = system_monotonic_clock()};
    read_words(hvt, address, call->before);
}

static void tell_call(void)
{
    report()->kind = VM_CALL;
    stop();
    report()->kind = VM_NOTHING;
}

void report_call_end(const struct hvt *hvt, uint64_t address, bool returns)
{
    struct vm_call *call = &report()->call;
    if ((hvt->debug & OPTIONS_DEBUG_CALLS) == 0)
        return;
    if (returns)
        read_words(hvt, address, call->after);
    call->end_ns = returns ? system_monotonic_clock() : 0;
    tell_call();
}

/* As the hypercall that would have done the same. */
static struct vm_call call_of(const struct hvt_ring_entry *entry, const struct hvt_ring_commit *commit)
{
    bool net = entry->op == HVT_RING_NET_WRITE || entry->op == HVT_RING_NET_READ;
    struct vm_call call = {.number = entry->op == HVT_RING_NET_WRITE     ? HVT_HYPERCALL_NET_WRITE
                                     : entry->op == HVT_RING_NET_READ    ? HVT_HYPERCALL_NET_READ
                                     : entry->op == HVT_RING_BLOCK_WRITE ? HVT_HYPERCALL_BLOCK_WRITE
                                                                         : HVT_HYPERCALL_BLOCK_READ,
                           .in_ring = 1};
    const struct hvt_net_io frame = {entry->handle, entry->data, commit->len, commit->ret};
    const struct hvt_block_io block = {entry->handle, entry->offset, entry->data, entry->len, commit->ret};
    if (net)
        __builtin_memcpy(call.after, &frame, sizeof frame);
    else
        __builtin_memcpy(call.after, &block, sizeof block);
    __builtin_memcpy(call.before, call.after, sizeof call.before);
    if (net)
        call.before[2] = entry->len;
    return call;
}

void report_entry(const struct hvt *hvt, const struct hvt_ring_entry *entry,
                  const struct hvt_ring_commit *commit)
{
    struct vm_report *to = report();
    if ((hvt->debug & OPTIONS_DEBUG_CALLS) == 0)
        return;
    const struct vm_call outer = to->call;
    to->call = call_of(entry, commit);
    to->call.start_ns = to->call.end_ns = system_monotonic_clock();
    tell_call();
    to->call = outer;
}
