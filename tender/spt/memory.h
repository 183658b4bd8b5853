/* memory.h: a process guest's memory: one private, zero, untouched mapping at its own addresses. */
#ifndef TENDER_SPT_MEMORY_H
#define TENDER_SPT_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct message;

/*
 * Maps [SPT_MEM_BASE, BYTES), executable as well if EXECUTE. Nothing is touched, nothing reserved, and
 * no huge page will be used, so that a guest costs what it touches. 0, or a negative errno with MESSAGE.
 */
int memory_map(uint64_t bytes, bool execute, struct message *message);

#endif
