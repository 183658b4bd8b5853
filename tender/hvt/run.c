/* run.c: see run.h. */
#include "tender/hvt/run.h"

#include <errno.h>

#include "bivy/abi/hvt.h"
#include "solo5.h"
#include "tender/common/message.h"
#include "tender/common/options.h"
#include "tender/hvt/crash.h"
#include "tender/hvt/report.h"

#define STATUS_BROKEN 1

static enum hvt_next refuse_exit(struct message *message, const char *text, uint64_t number)
{
    message_begin(message, text);
    message_add_hex(message, number);
    return HVT_BROKEN;
}

/* A write to memory that is read-only on the host's side: one kind of host tells it as an error of KVM_RUN,
 * one as an access to a device. */
static enum hvt_next refuse_access(const struct kvm *kvm, struct message *message)
{
    return refuse_exit(message, "host/guest translation fault: rip=0x", crash_instruction(kvm));
}

static enum hvt_next serve_kick(struct hvt *hvt, struct message *message)
{
    report_call_begin(hvt, VM_CALL_KICK, 0);
    bool served = ring_serve(hvt, RING_ALL, message);
    report_call_end(hvt, 0, true);
    return served ? HVT_CONTINUE : HVT_BROKEN;
}

static enum hvt_next serve_call(struct hvt *hvt, uint32_t number, uint64_t address, struct message *message)
{
    report_call_begin(hvt, number, address);
    enum hvt_next next = hypercall_serve(hvt, number, address, message);
    report_call_end(hvt, address, next == HVT_CONTINUE);
    return next;
}

static enum hvt_next serve_port(struct hvt *hvt, const struct kvm *kvm, struct message *message)
{
    const struct kvm_run *run = kvm->run;
    uint32_t address;
    if (run->io.direction != KVM_EXIT_IO_OUT || run->io.size != sizeof address || run->io.count != 1)
        return refuse_exit(message, "the guest used a port in a way that no hypercall does: 0x",
                           run->io.port);
    __builtin_memcpy(&address, (const uint8_t *)run + run->io.data_offset, sizeof address);
    if (run->io.port == MACHINE_PORT_EXCEPTION) {
        hvt->exit_status = SOLO5_EXIT_ABORT;
        hvt->crashed = true;
        crash_report(hvt, kvm);
        if (report_stop(hvt, kvm, HVT_HALTED) == HVT_CONTINUE) {
            hvt->crashed = false;
            return HVT_CONTINUE;
        }
        crash_describe(hvt, kvm, message);
        return HVT_HALTED;
    }
    if (run->io.port == HVT_PORT_KICK)
        return serve_kick(hvt, message);
    if (run->io.port <= HVT_PORT_BASE || run->io.port > HVT_PORT_BASE + HVT_HYPERCALL_HALT)
        return refuse_exit(message, "the guest wrote to an unknown port: 0x", run->io.port);
    return serve_call(hvt, run->io.port - HVT_PORT_BASE, address, message);
}

static enum hvt_next serve_exit(struct hvt *hvt, const struct kvm *kvm, struct message *message)
{
    switch (kvm->run->exit_reason) {
    case KVM_EXIT_IO:
        return serve_port(hvt, kvm, message);
    case KVM_EXIT_MMIO:
        if (kvm->run->mmio.phys_addr < hvt->memory.size)
            return refuse_access(kvm, message);
        return refuse_exit(message, "the guest touched an address outside of its memory: 0x",
                           kvm->run->mmio.phys_addr);
    case KVM_EXIT_SHUTDOWN:
        message_begin(message, "the guest crashed and could not handle it (triple fault)");
        return HVT_BROKEN;
    case KVM_EXIT_INTERNAL_ERROR:
        refuse_exit(message, "this host's KVM cannot execute an instruction of the guest in ring 0: rip=0x",
                    crash_instruction(kvm));
        return HVT_FAILED;
    case KVM_EXIT_FAIL_ENTRY:
        refuse_exit(message, "the processor refused to enter the guest: reason 0x",
                    kvm->run->fail_entry.hardware_entry_failure_reason);
        return HVT_FAILED;
    case KVM_EXIT_DEBUG:
        report_make(kvm, VM_DEBUG);
        return report_stop(hvt, kvm, HVT_FAILED);
    default:
        return refuse_exit(message, "the guest left in an unexpected way: exit 0x", kvm->run->exit_reason);
    }
}

static enum hvt_next enter_once(struct hvt *hvt, const struct kvm *kvm, struct message *message)
{
    int result = kvm_enter(kvm);
    if (result == 0)
        return serve_exit(hvt, kvm, message);
    if (result == -EINTR)
        return HVT_CONTINUE;
    if (result == -EFAULT)
        return refuse_access(kvm, message);
    message_fail(message, result, "Could not run the guest", "/dev/kvm");
    return HVT_FAILED;
}

/* What the tracer may want to know of a guest that ends. Most guests end well, and there is nothing to say.
 */
static void report_end(const struct hvt *hvt, const struct kvm *kvm, enum hvt_next next)
{
    if (next == HVT_BROKEN) {
        report_make(kvm, VM_BROKEN);
        report_stop(hvt, kvm, next);
    } else if (next == HVT_HALTED && hvt->trapped) {
        report_trap(kvm, hvt);
    } else if (next == HVT_HALTED && hvt->exit_status == SOLO5_EXIT_ABORT && !hvt->crashed) {
        report_make(kvm, VM_HALT);
    }
}

/* Before the first instruction, and when the tracer asks. */
static enum hvt_next stop_at(const struct hvt *hvt, const struct kvm *kvm, enum vm_report_kind kind)
{
    if ((hvt->debug & OPTIONS_DEBUG_STOPS) == 0)
        return HVT_CONTINUE;
    report_make(kvm, kind);
    return report_stop(hvt, kvm, HVT_CONTINUE);
}

int run_guest(struct hvt *hvt, const struct kvm *kvm, struct message *message)
{
    enum hvt_next next;
    message_begin(message, "");
    next = stop_at(hvt, kvm, VM_ENTRY);
    while (next == HVT_CONTINUE) {
        next = enter_once(hvt, kvm, message);
        if (next == HVT_CONTINUE && (hvt->debug & OPTIONS_DEBUG_STOPS) && report_is_interrupted())
            next = stop_at(hvt, kvm, VM_INTERRUPTED);
    }
    report_end(hvt, kvm, next);
    return next == HVT_HALTED ? hvt->exit_status : STATUS_BROKEN;
}
