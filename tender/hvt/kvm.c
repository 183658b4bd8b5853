/* kvm.c: see kvm.h. */
#define _GNU_SOURCE
#include "tender/hvt/kvm.h"

#include <errno.h>
#include <sys/mman.h>

#include "tender/common/message.h"
#include "tender/common/system.h"

#define CPUID_ENTRIES        128
#define CPUID_1_ECX_XSAVE    (1u << 26)
#define CPUID_7_EBX_FSGSBASE 1u
#define XCR0_UP_TO_AVX       7u

static const char *device = "/dev/kvm";

static const struct {
    int capability;
    const char *name;
} needed[] = {
    {KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY"},
    {KVM_CAP_GET_TSC_KHZ, "KVM_CAP_GET_TSC_KHZ"},
};

static long kvm_call(int fd, unsigned long request, unsigned long argument)
{
    return syscall_do(SYS_ioctl, fd, (long)request, (long)argument, 0, 0, 0);
}

static int open_device(struct kvm *kvm, struct message *message)
{
    kvm->system = system_open(device, O_RDWR | O_CLOEXEC);
    if (kvm->system >= 0)
        return 0;
    message_fail(message, kvm->system, "Could not open the virtual machine device", device);
    if (kvm->system == -EACCES)
        message_add(message, " (its group is usually kvm)");
    message_add(message, "; the same image runs with --as process");
    return kvm->system;
}

static int check_capabilities(const struct kvm *kvm, struct message *message)
{
    if (kvm_call(kvm->system, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
        return message_fail(message, -ENODEV, "The virtual machine device is of another version", device);
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (kvm_call(kvm->system, KVM_CHECK_EXTENSION, (unsigned long)needed[i].capability) <= 0)
            return message_fail(message, -ENODEV, "The virtual machine device lacks a capability",
                                needed[i].name);
    return 0;
}

static int map_run(struct kvm *kvm)
{
    long size = kvm_call(kvm->system, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (size < 0)
        return (int)size;
    long at = syscall_do(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, kvm->processor, 0);
    if (at < 0 && at > -4096)
        return (int)at;
    kvm->run = (struct kvm_run *)at;
    return 0;
}

static int make_processor(struct kvm *kvm)
{
    kvm->machine = (int)kvm_call(kvm->system, KVM_CREATE_VM, 0);
    if (kvm->machine < 0)
        return kvm->machine;
    kvm->processor = (int)kvm_call(kvm->machine, KVM_CREATE_VCPU, 0);
    if (kvm->processor < 0)
        return kvm->processor;
    long khz = kvm_call(kvm->processor, KVM_GET_TSC_KHZ, 0);
    if (khz <= 0)
        return khz < 0 ? (int)khz : -ENODEV;
    kvm->tsc_hz = (uint64_t)khz * 1000;
    return map_run(kvm);
}

int kvm_open(struct kvm *kvm, struct message *message)
{
    int result = open_device(kvm, message);
    if (result == 0)
        result = check_capabilities(kvm, message);
    if (result != 0)
        return result;
    result = make_processor(kvm);
    return result == 0 ? 0 : message_fail(message, result, "Could not make a virtual machine", device);
}

int kvm_add_memory(const struct kvm *kvm, uint32_t slot, uint64_t address, uint64_t size, void *host,
                   struct message *message)
{
    struct kvm_userspace_memory_region region = {
        .slot = slot, .guest_phys_addr = address, .memory_size = size, .userspace_addr = (uint64_t)host};
    int result = (int)kvm_call(kvm->machine, KVM_SET_USER_MEMORY_REGION, (unsigned long)&region);
    return result == 0 ? 0 : message_fail(message, result, "Could not give memory to the machine", device);
}

static void read_features(const struct kvm_cpuid_entry2 *entries, size_t count, struct kvm_features *features)
{
    bool xsave = false;
    *features = (struct kvm_features){0};
    for (size_t i = 0; i < count && i < CPUID_ENTRIES; i++) {
        const struct kvm_cpuid_entry2 *entry = &entries[i];
        if (entry->function == 1)
            xsave = (entry->ecx & CPUID_1_ECX_XSAVE) != 0;
        else if (entry->function == 7 && entry->index == 0)
            features->fs_base = (entry->ebx & CPUID_7_EBX_FSGSBASE) != 0;
        else if (entry->function == 0xd && entry->index == 0)
            features->xcr0 = entry->eax & XCR0_UP_TO_AVX;
    }
    if (!xsave)
        features->xcr0 = 0;
}

static int copy_features(const struct kvm *kvm, struct kvm_features *known)
{
    union {
        struct kvm_cpuid2 head;
        uint8_t room[sizeof(struct kvm_cpuid2) + CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2)];
    } features;
    features.head.nent = CPUID_ENTRIES;
    int result = (int)kvm_call(kvm->system, KVM_GET_SUPPORTED_CPUID, (unsigned long)&features);
    if (result < 0)
        return result;
    read_features(features.head.entries, features.head.nent, known);
    return (int)kvm_call(kvm->processor, KVM_SET_CPUID2, (unsigned long)&features);
}

int kvm_read_state(const struct kvm *kvm, struct machine_state *state, struct kvm_features *features,
                   struct message *message)
{
    int result = copy_features(kvm, features);
    if (result == 0)
        result = (int)kvm_call(kvm->processor, KVM_GET_SREGS, (unsigned long)&state->sregs);
    if (result == 0)
        result = (int)kvm_call(kvm->processor, KVM_GET_REGS, (unsigned long)&state->regs);
    return result == 0 ? 0 : message_fail(message, result, "Could not read the processor's state", device);
}

int kvm_write_state(const struct kvm *kvm, const struct machine_state *state, struct message *message)
{
    int result = (int)kvm_call(kvm->processor, KVM_SET_SREGS, (unsigned long)&state->sregs);
    if (result == 0 && state->xcrs.nr_xcrs > 0)
        result = (int)kvm_call(kvm->processor, KVM_SET_XCRS, (unsigned long)&state->xcrs);
    if (result == 0)
        result = (int)kvm_call(kvm->processor, KVM_SET_REGS, (unsigned long)&state->regs);
    return result == 0 ? 0 : message_fail(message, result, "Could not set the processor's state", device);
}

int kvm_read_registers(const struct kvm *kvm, struct kvm_regs *regs, struct kvm_sregs *sregs)
{
    int result = (int)kvm_call(kvm->processor, KVM_GET_REGS, (unsigned long)regs);
    return result == 0 ? (int)kvm_call(kvm->processor, KVM_GET_SREGS, (unsigned long)sregs) : result;
}

int kvm_enter(const struct kvm *kvm)
{
    return (int)kvm_call(kvm->processor, KVM_RUN, 0);
}

int kvm_write_registers(const struct kvm *kvm, const struct kvm_regs *regs)
{
    return (int)kvm_call(kvm->processor, KVM_SET_REGS, (unsigned long)regs);
}

int kvm_debug(const struct kvm *kvm, bool step, const uint64_t *breakpoints, size_t count)
{
    struct kvm_guest_debug debug = {.control = 0};
    if (step)
        debug.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
    if (count > 0)
        debug.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
    debug.arch.debugreg[7] = count > 0 ? 0x600 : 0x400; /* GE, and a bit that is always set */
    for (size_t i = 0; i < count && i < 4; i++) {
        debug.arch.debugreg[i] = breakpoints[i];
        debug.arch.debugreg[7] |= 2ull << (2 * i); /* G: on execution, one byte */
    }
    return (int)kvm_call(kvm->processor, KVM_SET_GUEST_DEBUG, (unsigned long)&debug);
}
