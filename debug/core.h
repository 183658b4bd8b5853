/*
 * core.h: an ELF core file of a guest, for gdb.
 *
 * Written by the parent from the stopped guest: the kernel's own dumping is switched off for guests, and
 * where it would write (core_pattern) is not the user's to decide.
 */
#ifndef DEBUG_CORE_H
#define DEBUG_CORE_H

#include <limits.h>
#include <signal.h>

struct error;
struct guest;

/*
 * Writes DIRECTORY/NAME.PID.core, readable by its owner only, and its name in PATH. NUMBER is the signal (0:
 * none), FAULT may be NULL. Holds at most the guest's memory; pages of zeros take no room. 0, or -errno and
 * no file: -EEXIST if it is there already.
 */
int core_write(const struct guest *guest, const char *directory, const char *name, int number,
               const siginfo_t *fault, char path[static PATH_MAX], struct error *err);

#endif
