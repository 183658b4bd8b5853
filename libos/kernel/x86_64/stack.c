/* stack.c: what is particular to x86-64 about stacks: laying out a new one, and finding who called whom. */
#include "libos/kernel/x86_64/stack.h"

#include "libos/kernel/sched.h"

/* What switch.S takes off a stack, from the stack pointer up. */
struct saved {
    uint32_t mxcsr;
    uint16_t x87, unused;
    uintptr_t r15, r14, r13, r12, rbx, rbp, program;
};

void *sched_prepare(void *top, int (*entry)(void *), void *argument)
{
    struct saved *saved = (struct saved *)((uintptr_t)top & ~(uintptr_t)15) - 1;

    *saved = (struct saved){.x87 = 0x37f,
                            .mxcsr = 0x1f80,
                            .rbx = (uintptr_t)entry,
                            .r12 = (uintptr_t)argument,
                            .program = (uintptr_t)sched_begin};
    return saved;
}

uintptr_t stack_saved_program(const void *stack_pointer)
{
    return ((const struct saved *)stack_pointer)->program;
}

/* The forms of "call" through a register or memory: FF /2, two to seven bytes long. */
static bool indirect_call_before(const uint8_t *end)
{
    static const uint8_t lengths[] = {2, 3, 6, 7};

    for (size_t i = 0; i < sizeof lengths; i++) {
        const uint8_t *call = end - lengths[i];
        if (call[0] == 0xff && (call[1] >> 3 & 7) == 2)
            return true;
    }
    return false;
}

bool stack_is_return(uintptr_t word, uintptr_t text_start, uintptr_t text_end)
{
    const uint8_t *end = (const uint8_t *)word;
    int32_t distance;

    if (word < text_start + 8 || word > text_end)
        return false;
    if (end[-5] != 0xe8)
        return indirect_call_before(end);
    __builtin_memcpy(&distance, end - 4, sizeof distance);
    return word + (uintptr_t)(intptr_t)distance >= text_start &&
           word + (uintptr_t)(intptr_t)distance < text_end;
}
