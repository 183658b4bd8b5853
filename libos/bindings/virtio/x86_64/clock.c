/* clock.c: see clock.h. Source: Linux's documentation of KVM (x86/cpuid, x86/msr); Intel SDM volume 2, CPUID
 * 15H and 16H. */
#include "libos/bindings/virtio/x86_64/clock.h"

#include "libos/bindings/virtio/x86_64/kvmclock.h"
#include "libos/bindings/virtio/x86_64/port.h"
#include "libos/bindings/virtio/x86_64/power.h"
#include "libos/bindings/virtio/x86_64/timer.h"
#include "libos/bindings/x86_64/syscall.h"

#define NSEC_PER_SEC UINT64_C(1000000000)

#define HYPERVISOR_LEAF     0x40000000u
#define HYPERVISOR_STEP     0x100u
#define HYPERVISOR_MOST     0x40001000u
#define HYPERVISOR_TIMING   0x10u
#define CPUID_HYPERVISOR    (1u << 31)
#define KVM_FEATURES        1u
#define KVM_CLOCK           (1u << 3)
#define MSR_KVM_WALL_CLOCK  0x4b564d00u
#define MSR_KVM_SYSTEM_TIME 0x4b564d01u
#define MSR_ENABLE          1u

static struct kvmclock kvmclock __attribute__((aligned(64)));
static struct kvmclock_wall kvmclock_wall __attribute__((aligned(16)));
static bool by_kvm;
static uint64_t cycle_length; /* nanoseconds of one cycle, in units of 2^-32 */
static uint64_t wall_offset;  /* what the time of day is ahead of the monotonic clock */

/* The first leaf of the hypervisor that is KVM, or of any if KVM is false; 0: none. */
static uint32_t hypervisor_leaf(bool kvm)
{
    if ((cpuid(1, 0).c & CPUID_HYPERVISOR) == 0)
        return 0;
    for (uint32_t leaf = HYPERVISOR_LEAF; leaf < HYPERVISOR_MOST; leaf += HYPERVISOR_STEP) {
        struct cpuid found = cpuid(leaf, 0);
        if (!kvm || (found.b == 0x4b4d564b && found.c == 0x564b4d56 && found.d == 0x4d)) /* KVMKVMKVM */
            return leaf;
    }
    return 0;
}

static bool kvmclock_open(void)
{
    uint32_t leaf = hypervisor_leaf(true);

    if (leaf == 0 || (cpuid(leaf + KVM_FEATURES, 0).a & KVM_CLOCK) == 0)
        return false;
    msr_write(MSR_KVM_SYSTEM_TIME, (uintptr_t)&kvmclock | MSR_ENABLE);
    return virtio_kvmclock_valid(&kvmclock);
}

/* Hz, or 0 if CPUID does not say. */
static uint64_t cpuid_frequency(void)
{
    uint32_t leaf = hypervisor_leaf(false), most = cpuid(0, 0).a;

    if (leaf != 0 && cpuid(leaf, 0).a >= leaf + HYPERVISOR_TIMING &&
        cpuid(leaf + HYPERVISOR_TIMING, 0).a != 0)
        return cpuid(leaf + HYPERVISOR_TIMING, 0).a * UINT64_C(1000);
    if (most >= 0x15) {
        struct cpuid ratio = cpuid(0x15, 0);
        if (ratio.a != 0 && ratio.b != 0 && ratio.c != 0)
            return (uint64_t)ratio.c * ratio.b / ratio.a;
    }
    return most >= 0x16 ? (cpuid(0x16, 0).a & 0xffff) * UINT64_C(1000000) : 0;
}

void virtio_clock_open(void)
{
    uint64_t frequency;

    by_kvm = kvmclock_open();
    if (by_kvm)
        return;
    frequency = cpuid_frequency();
    if (frequency == 0)
        frequency = virtio_timer_measure();
    if (frequency == 0)
        virtio_power_stop("nothing in this machine tells how fast its clock runs");
    cycle_length = (NSEC_PER_SEC << 32) / frequency;
    wall_offset = virtio_timer_wall() - virtio_clock_monotonic();
}

solo5_time_t virtio_clock_monotonic(void)
{
    if (by_kvm)
        return virtio_kvmclock_read(&kvmclock, cpu_cycles);
    return (uint64_t)(((unsigned __int128)cpu_cycles() * cycle_length) >> 32);
}

solo5_time_t virtio_clock_wall(void)
{
    if (!by_kvm)
        return virtio_clock_monotonic() + wall_offset;
    /* KVM fills it anew at each write of its address: the host's clock may have been set meanwhile. */
    msr_write(MSR_KVM_WALL_CLOCK, (uintptr_t)&kvmclock_wall);
    return virtio_kvmclock_wall_read(&kvmclock_wall) + virtio_clock_monotonic();
}
