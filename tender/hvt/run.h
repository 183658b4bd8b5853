/* run.h: enters a guest until it ends, and says why it ended when that was not its own choice. */
#ifndef TENDER_HVT_RUN_H
#define TENDER_HVT_RUN_H

#include "tender/hvt/hvt.h"
#include "tender/hvt/kvm.h"

struct message;

/* Runs the guest to its end and returns the tender's exit status; MESSAGE is empty after an orderly end. */
int run_guest(struct hvt *hvt, const struct kvm *kvm, struct message *message);

#endif
