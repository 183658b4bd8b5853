/* crash.c: see crash.h. */
#include "tender/hvt/crash.h"

#include <stddef.h>

#include "tender/common/message.h"
#include "tender/common/system.h"
#include "tender/hvt/report.h"

#define VECTOR_PAGE_FAULT 14u

static const char *const vector_names[MACHINE_VECTORS] = {
    [0] = "division by zero",
    [1] = "debug exception",
    [3] = "breakpoint",
    [4] = "overflow",
    [5] = "bound range exceeded",
    [6] = "invalid instruction",
    [7] = "no floating-point unit",
    [8] = "double fault",
    [10] = "invalid task state",
    [11] = "segment not present",
    [12] = "stack fault",
    [13] = "general protection fault",
    [14] = "page fault",
    [16] = "floating-point error",
    [17] = "alignment check",
    [18] = "machine check",
    [19] = "SIMD floating-point error",
};

static const struct {
    const char *name;
    size_t offset;
} registers[] = {
    {" rax=0x", offsetof(struct kvm_regs, rax)}, {" rbx=0x", offsetof(struct kvm_regs, rbx)},
    {" rcx=0x", offsetof(struct kvm_regs, rcx)}, {" rdx=0x", offsetof(struct kvm_regs, rdx)},
    {" rsi=0x", offsetof(struct kvm_regs, rsi)}, {" rdi=0x", offsetof(struct kvm_regs, rdi)},
    {" rbp=0x", offsetof(struct kvm_regs, rbp)}, {" r8=0x", offsetof(struct kvm_regs, r8)},
    {" r9=0x", offsetof(struct kvm_regs, r9)},   {" r10=0x", offsetof(struct kvm_regs, r10)},
    {" r11=0x", offsetof(struct kvm_regs, r11)}, {" r12=0x", offsetof(struct kvm_regs, r12)},
    {" r13=0x", offsetof(struct kvm_regs, r13)}, {" r14=0x", offsetof(struct kvm_regs, r14)},
    {" r15=0x", offsetof(struct kvm_regs, r15)},
};

static void add_registers(const struct kvm_regs *regs, struct message *message)
{
    for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++) {
        uint64_t value;
        __builtin_memcpy(&value, (const char *)regs + registers[i].offset, sizeof value);
        message_add(message, registers[i].name);
        message_add_hex(message, value);
    }
}

static void add_place(const struct machine_frame *frame, struct message *message)
{
    message_add(message, ": rip=0x");
    message_add_hex(message, frame->rip);
    message_add(message, " rsp=0x");
    message_add_hex(message, frame->rsp);
    message_add(message, " error=0x");
    message_add_hex(message, frame->error_code);
}

/* The exception stack lies below what hypercalls may name; here the tender itself looks. */
static bool read_frame(const struct hvt *hvt, const struct kvm_regs *regs, struct machine_frame *frame)
{
    const struct guest_memory all = {.host = hvt->memory.host, .size = hvt->memory.size};
    return guest_memory_read(&all, regs->rsp, frame, sizeof *frame);
}

void crash_report(const struct hvt *hvt, const struct kvm *kvm)
{
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    struct machine_frame frame;
    if (kvm_read_registers(kvm, &regs, &sregs) == 0 && read_frame(hvt, &regs, &frame))
        report_exception(kvm, &frame);
}

void crash_describe(const struct hvt *hvt, const struct kvm *kvm, struct message *message)
{
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    struct machine_frame frame;
    if (kvm_read_registers(kvm, &regs, &sregs) != 0 || !read_frame(hvt, &regs, &frame)) {
        message_begin(message, "the guest crashed, and its registers cannot be read");
        return;
    }
    message_begin(message, "the guest crashed: ");
    const char *name = frame.vector < MACHINE_VECTORS ? vector_names[frame.vector] : NULL;
    message_add(message, name != NULL ? name : "unknown exception");
    if (frame.vector == VECTOR_PAGE_FAULT) {
        message_add(message, " at 0x");
        message_add_hex(message, sregs.cr2);
    }
    add_place(&frame, message);
    add_registers(&regs, message);
}

uint64_t crash_instruction(const struct kvm *kvm)
{
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    return kvm_read_registers(kvm, &regs, &sregs) == 0 ? regs.rip : 0;
}
