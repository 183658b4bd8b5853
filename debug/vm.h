/*
 * vm.h: a virtual machine's guest as its tender reports it, in the terms in which a process guest is seen.
 *
 * The tender is traced as a process is; what is asked of its guest is answered from bivy/vm_report.h. A
 * hostile tender could report anything: it is only printed, and addresses go through guest_read() as always.
 */
#ifndef DEBUG_VM_H
#define DEBUG_VM_H

#include <signal.h>
#include <stdbool.h>
#include <sys/user.h>

#include "bivy/vm_report.h"

/* The guest's handles stand in calls as descriptors from this on; below are the console's. */
#define VM_FIRST_FD 3

struct call;
struct guest;

/* Reads the report of the stopped tender into guest->report; its kind. */
enum vm_report_kind vm_take(struct guest *guest);

/* The guest's registers in the report, and back. */
void vm_registers(const struct guest *guest, struct user_regs_struct *registers);
void vm_set_registers(struct guest *guest, const struct user_regs_struct *registers);

/* The signal that a process would have got for what is reported, and its *INFO; 0: none. */
int vm_signal(const struct guest *guest, siginfo_t *info);

/* Answers the stop and lets the tender go on. 0 or -errno. */
int vm_resume(struct guest *guest, enum vm_resume how);

/* Has the guest stop soon. */
void vm_interrupt(const struct guest *guest);

/*
 * Goes on after a stop by that signal. A tender that had not entered the guest yet would enter it now and not
 * come back: it is stopped once more, at its next system call (vm_interrupt_call), so that the signal waits
 * there.
 */
void vm_interrupt_stop(const struct guest *guest);
void vm_interrupt_call(const struct guest *guest);

/* The reported call as a system call of a process guest whose descriptors are its handles. */
void vm_call(const struct guest *guest, struct call *call);

#endif
