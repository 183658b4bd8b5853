/*
 * guest.h: a guest seen from outside: its memory, its registers, and how to stop and resume it.
 *
 * The guest cannot help whoever looks at it: its tender is gone and its sandbox allows nothing. So the parent
 * looks, by ptrace and /proc/PID/mem, and believes nothing that it finds there: every address comes from the
 * guest's registers or memory and goes through guest_read(), which fails where nothing is mapped.
 */
#ifndef DEBUG_GUEST_H
#define DEBUG_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "bivy/vm_report.h"

struct error;
struct image;
struct symbols;

struct guest {
    pid_t pid; /* traced by the calling thread */
    int memory_fd;
    uint64_t memory_size;      /* bytes; guest addresses lie below */
    const struct image *image; /* borrowed */
    struct symbols *symbols;   /* NULL: the image has none */
    const char *name;          /* borrowed: what messages call it */
    bool vm;                   /* PID is a VM tender; what follows is about its guest (debug/vm.h) */
    bool at_breakpoint;        /* the tender stands behind its own, so that its guest can be driven */
    struct vm_report report;
};

/*
 * Takes hold of PID, started with struct spawn.traced and not yet waited for: waits for its stop after the
 * exec and sets what ptrace reports. The guest stays stopped; guest_resume() starts it. 0 or -errno.
 */
int guest_open(struct guest *guest, pid_t pid, struct error *err);
void guest_close(struct guest *guest);

/* Reads up to SIZE bytes at ADDRESS; how many could be read (0: nothing is mapped there). */
size_t guest_read(const struct guest *guest, uint64_t address, void *to, size_t size);

/* Writes all of SIZE bytes at ADDRESS, read-only memory included; 0 or -EFAULT. */
int guest_write(const struct guest *guest, uint64_t address, const void *from, size_t size);

/* Whether ADDRESS lies in a segment that the image marks as code. */
bool guest_is_code(const struct guest *guest, uint64_t address);

/* The guest's registers, of a guest that stands still. */
bool guest_registers(const struct guest *guest, struct user_regs_struct *registers);
bool guest_set_registers(struct guest *guest, const struct user_regs_struct *registers);

/* Lets the guest go on, or make one instruction (STEP), with SIGNAL (0: none). 0 or -errno. */
int guest_go(struct guest *guest, bool step, int signal);

/* Has the guest stop soon, by SIGINT. */
void guest_interrupt(const struct guest *guest);

/* Whether the guest stopped because it was to make one step, not because of a breakpoint instruction. */
bool guest_was_step(const struct guest *guest);

/* Resumes the tracee by REQUEST (PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SINGLESTEP), delivering SIGNAL (0:
 * none). */
int guest_resume(const struct guest *guest, int request, int signal);

#endif
