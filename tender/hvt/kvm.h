/*
 * kvm.h: the kernel's virtual machine, by name: each function is one or two ioctls on /dev/kvm's descriptors.
 *
 * A missing device or capability is said with the object's name and what helps; `--as process` always works.
 */
#ifndef TENDER_HVT_KVM_H
#define TENDER_HVT_KVM_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/kvm.h>

#include "tender/hvt/x86_64/machine.h"

struct message;

struct kvm {
    int system; /* /dev/kvm */
    int machine;
    int processor;
    struct kvm_run *run; /* shared with the kernel */
    uint64_t tsc_hz;
};

/* Opens /dev/kvm, makes a machine with one processor. 0, or a negative errno with MESSAGE filled. */
int kvm_open(struct kvm *kvm, struct message *message);

/* Gives the machine [HOST, HOST + SIZE) as guest-physical memory from ADDRESS on. */
int kvm_add_memory(const struct kvm *kvm, uint32_t slot, uint64_t address, uint64_t size, void *host,
                   struct message *message);

/* What a user guest needs to know of the processor. */
struct kvm_features {
    bool fs_base;  /* ring 3 may set its thread pointer */
    uint64_t xcr0; /* register states that can be saved, as XCR0 counts them, up to AVX; 0: no XSAVE */
};

/* Gives the processor all features that the kernel offers, says which of FEATURES they have, and reads its
 * state. */
int kvm_read_state(const struct kvm *kvm, struct machine_state *state, struct kvm_features *features,
                   struct message *message);

/* Sets the processor's state; xcrs only if there are any. */
int kvm_write_state(const struct kvm *kvm, const struct machine_state *state, struct message *message);

/* The processor's registers as the guest left them. 0 or a negative errno. */
int kvm_read_registers(const struct kvm *kvm, struct kvm_regs *regs, struct kvm_sregs *sregs);

/* Sets them. 0 or a negative errno. */
int kvm_write_registers(const struct kvm *kvm, const struct kvm_regs *regs);

/* Has the processor stop after one instruction (STEP) and before those at the COUNT (up to 4) addresses in
 * BREAKPOINTS; with neither, no more. 0 or a negative errno. */
int kvm_debug(const struct kvm *kvm, bool step, const uint64_t *breakpoints, size_t count);

/* Enters the guest until it leaves. 0, -EINTR if a signal is pending, or another negative errno. */
int kvm_enter(const struct kvm *kvm);

#endif
