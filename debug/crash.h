/* crash.h: what is said about a guest that crashed: the fault, the registers, the backtrace. */
#ifndef DEBUG_CRASH_H
#define DEBUG_CRASH_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

struct guest;

/* Whether NUMBER is a signal by which a guest crashes. */
bool crash_is_fault(int number);

/*
 * Tells about the stopped GUEST, which is about to end by SIGNAL; FAULT is what the kernel says of it, or
 * NULL where it says nothing (SIGSYS of the sandbox).
 */
void crash_print(const struct guest *guest, int number, const siginfo_t *fault, FILE *out);

/* Tells about a GUEST that is about to exit with 255, if it is by abort(); whether it was. */
bool crash_print_abort(const struct guest *guest, FILE *out);

#endif
