/*
 * guest.h: a process guest seen from outside: its memory and how to stop and resume it.
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

/* Resumes by REQUEST (PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SINGLESTEP), delivering SIGNAL (0: none). */
int guest_resume(const struct guest *guest, int request, int signal);

#endif
