/* kvm.h: whether this host runs virtual machines, and by which kind of KVM. */
#ifndef CLI_KVM_H
#define CLI_KVM_H

#include <stdbool.h>

struct kvm_host {
    bool usable;     /* a virtual machine could be made */
    char found[160]; /* one line */
    char fix[256];   /* empty if usable */
};

/* Tries to make a virtual machine and closes it at once. */
void kvm_look(struct kvm_host *host);

#endif
