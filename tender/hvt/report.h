/*
 * report.h: tells whoever traces the tender how its guest fares; see bivy/vm_report.h.
 *
 * Without --debug nothing is ever written but at a guest's end, and nothing of it is read back.
 */
#ifndef TENDER_HVT_REPORT_H
#define TENDER_HVT_REPORT_H

#include <stdbool.h>

#include "bivy/vm_report.h"
#include "tender/hvt/hvt.h"
#include "tender/hvt/kvm.h"

struct hvt_ring_entry;
struct hvt_ring_commit;
struct machine_frame;
struct message;

/* Maps the report. 0, or a negative errno with MESSAGE filled. */
int report_open(bool user, struct message *message);

/* Fills the report in from the processor as it stands. */
void report_make(const struct kvm *kvm, enum vm_report_kind kind);

/* From what the processor had pushed when the guest's exception began: the stub has not changed the rest. */
void report_exception(const struct kvm *kvm, const struct machine_frame *frame);

/* From the frame that the guest handed in with HALT. */
void report_trap(const struct kvm *kvm, const struct hvt *hvt);

/*
 * Stops for the tracer, and does what it says. HVT_CONTINUE: the guest goes on; else WHAT is returned. Only
 * if the tender was started with --debug=stops.
 */
enum hvt_next report_stop(const struct hvt *hvt, const struct kvm *kvm, enum hvt_next what);

/* Whether the tracer wants the guest to stop now; told once. */
bool report_is_interrupted(void);

/* With --debug=calls: around a hypercall, and after an entry of the ring. */
void report_call_begin(const struct hvt *hvt, uint32_t number, uint64_t address);
void report_call_end(const struct hvt *hvt, uint64_t address, bool returns);
void report_entry(const struct hvt *hvt, const struct hvt_ring_entry *entry,
                  const struct hvt_ring_commit *commit);

#endif
