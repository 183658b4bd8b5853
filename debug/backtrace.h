/*
 * backtrace.h: who called whom, found by looking at the stack.
 *
 * Images carry neither frame pointers nor unwind tables: both would cost every image speed or size for the
 * sake of crashes. What is left is certain enough: a return address follows a call instruction, and a direct
 * call names the function that it calls, which must be the one of the frame below. Frames for which that
 * cannot be shown (calls through pointers, tail calls) are marked.
 */
#ifndef DEBUG_BACKTRACE_H
#define DEBUG_BACKTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct guest;

#define BACKTRACE_MAX 32

struct backtrace_frame {
    uint64_t address;  /* of the next instruction */
    uint64_t function; /* where its function begins, or 0 */
    bool certain;
};

struct backtrace {
    struct backtrace_frame frames[BACKTRACE_MAX];
    size_t count;
};

/* Fills TRACE for a guest that is stopped at PROGRAM with its stack at STACK. */
void backtrace_make(struct backtrace *trace, const struct guest *guest, uint64_t program, uint64_t stack);

/* One line a frame: "#0  0x0000000000101234 main+0x12", "?" at the end of those that are not certain. */
void backtrace_print(const struct backtrace *trace, const struct guest *guest, FILE *out);

#endif
