/* jail.h: takes from the VM tender all that serving its guest does not need. */
#ifndef TENDER_HVT_JAIL_H
#define TENDER_HVT_JAIL_H

#include "jail/filter.h"
#include "tender/hvt/hvt.h"
#include "tender/hvt/kvm.h"

struct message;

/*
 * Closes every descriptor but the guest's, leaves the host's namespaces and file system where that is
 * permitted, drops privileges, and installs the filter. After it the tender can run its processor, move bytes
 * of its devices, and end. 0, or a negative errno with MESSAGE filled.
 */
int jail_close(const struct hvt *hvt, const struct kvm *kvm, struct message *message);

/* The system calls that are left after it. Fills RULES and returns how many there are. */
#define JAIL_MAX_RULES (11u + 2u * MFT_MAX_ENTRIES)
size_t jail_rules(struct filter_rule rules[static JAIL_MAX_RULES], const struct hvt *hvt,
                  const struct kvm *kvm);

#endif
