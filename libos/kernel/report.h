/* report.h: what the library OS says of itself, as loudly as --log=LEVEL asks. */
#ifndef LIBOS_REPORT_H
#define LIBOS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum report_level { REPORT_QUIET, REPORT_ERROR, REPORT_WARN, REPORT_INFO, REPORT_DEBUG };

/* Whether what is of LEVEL is to be said; warnings are, unless the boot arguments say otherwise. */
bool report_is(enum report_level level);

/* Memory could not be had: SIZE bytes, for the code at CALLER. The first few times it is said. */
void report_no_memory(size_t size, const void *caller);

/* A thread ended whose stack, zeros when it began, is from LOW to HIGH. */
void report_thread_end(uintptr_t low, uintptr_t high);

/* The program ends: how much memory and stack it used. */
void report_end(void);

#endif
