/*
 * enter.h: the last steps before the guest: nothing of the tender stays mapped, then nothing but the
 * filter's system calls stays possible, then the guest runs.
 *
 * These steps cannot run in the tender's own memory, which they remove. They are a few instructions (the
 * trampoline) copied to the page below the guest's boot information, with the filter's program behind
 * them; the page is then readable and executable and is all that remains.
 */
#ifndef TENDER_SPT_ENTER_H
#define TENDER_SPT_ENTER_H

#include <stdint.h>

#include "jail/filter.h"

struct message;

struct enter {
    uint64_t entry;      /* guest address of the first instruction */
    uint64_t memory_end; /* one past the guest's memory; everything above is unmapped */
    const struct filter *filter;
};

/*
 * Fills the trampoline's page, which must be mapped and writable, and protects it. A program too large
 * for the page goes to unused guest memory below the image, where the guest may read and change its copy:
 * the kernel has its own by then. 0, or a negative errno with MESSAGE.
 */
int enter_prepare(const struct enter *enter, struct message *message);

/* Runs the guest; after enter_prepare(). Exit status 1 if the kernel refuses the filter. */
void enter_guest(const struct enter *enter) __attribute__((noreturn));

#endif
