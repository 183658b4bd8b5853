/* stack.h: reading stacks, x86-64. */
#ifndef LIBOS_STACK_H
#define LIBOS_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a thread that was switched away from with STACK_POINTER will go on. */
uintptr_t stack_saved_program(const void *stack_pointer);

/* Whether WORD looks like a return address: it lies in the text and a call stands before it. */
bool stack_is_return(uintptr_t word, uintptr_t text_start, uintptr_t text_end);

#endif
