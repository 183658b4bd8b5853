/* trace.h: prints what a guest asks of its host, with times; see call.h for the words. */
#ifndef DEBUG_TRACE_H
#define DEBUG_TRACE_H

#include <stdio.h>

struct guest;
struct trace;

/* A trace of GUEST (borrowed) to OUT (borrowed), or NULL without memory. */
struct trace *trace_new(const struct guest *guest, FILE *out);

/* The guest has stopped before or after a system call. */
void trace_stop(struct trace *trace);

/* A virtual machine's tender has reported a call. */
void trace_vm(struct trace *trace);

/* The guest is about to end: prints the call that does not return. Then the trace is released. */
void trace_end(struct trace *trace);
void trace_free(struct trace *trace);

#endif
