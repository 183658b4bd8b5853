/* crash.h: what a user guest's exception looked like, read from outside the guest. */
#ifndef TENDER_HVT_CRASH_H
#define TENDER_HVT_CRASH_H

#include "tender/hvt/hvt.h"
#include "tender/hvt/kvm.h"

struct message;

/*
 * Describes the exception that a stub reported: its name, the place, the address of a page fault, and the
 * general registers, one line. A guest may fake it, so that nothing here is believed, only printed.
 */
void crash_describe(const struct hvt *hvt, const struct kvm *kvm, struct message *message);

/* The same for the tracer (report.h). */
void crash_report(const struct hvt *hvt, const struct kvm *kvm);

/* The guest's instruction pointer, or 0 if it cannot be read. */
uint64_t crash_instruction(const struct kvm *kvm);

#endif
