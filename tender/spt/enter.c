/* enter.c: see enter.h. */
#define _GNU_SOURCE
#include "tender/spt/enter.h"

#include <errno.h>
#include <sys/mman.h>

#include "bivy/abi/spt.h"
#include "image/image.h"
#include "tender/common/message.h"
#include "tender/common/system.h"
#include "tender/spt/boot.h"
#include "tender/spt/x86_64/machine.h"
#include "tender/spt/x86_64/trampoline.h"

/* Where a program goes that the trampoline's page cannot hold: above the boot information, below any image.
 */
#define LARGE_PROGRAM 0x20000u
_Static_assert(SPT_BOOT_INFO + BOOT_MAX_SIZE <= LARGE_PROGRAM, "boot information below the program");
_Static_assert(LARGE_PROGRAM + sizeof(struct filter) <= SPT_GUEST_MIN, "program below the image");

/* What the trampoline's page holds behind the code. */
struct enter_program {
    struct sock_fprog head;
    struct sock_filter code[];
};

static struct enter_program *enter_program(void)
{
    uint64_t size = (uint64_t)(trampoline_end - trampoline_start);
    return (struct enter_program *)(SPT_MEM_BASE + ((size + 15) & ~(uint64_t)15));
}

int enter_prepare(const struct enter *enter, struct message *message)
{
    struct enter_program *program = enter_program();
    size_t size = enter->filter->count * sizeof enter->filter->code[0];
    struct sock_filter *code = program->code;
    if ((uint64_t)code + size > SPT_MEM_BASE + IMAGE_PAGE_SIZE)
        code = (struct sock_filter *)(uint64_t)LARGE_PROGRAM;
    __builtin_memcpy((void *)(uint64_t)SPT_MEM_BASE, trampoline_start,
                     (size_t)(trampoline_end - trampoline_start));
    program->head = (struct sock_fprog){(unsigned short)enter->filter->count, code};
    __builtin_memcpy(code, enter->filter->code, size);
    int result = system_protect(SPT_MEM_BASE, IMAGE_PAGE_SIZE, PROT_READ | PROT_EXEC);
    if (result != 0)
        return message_fail(message, result, "Could not protect the trampoline", "mprotect");
    return 0;
}

void enter_guest(const struct enter *enter)
{
    const struct trampoline_frame frame = {
        .unmap_start = enter->memory_end,
        .unmap_end = ENTER_ADDRESS_END,
        .program = (uint64_t)&enter_program()->head,
        .entry = enter->entry,
        .stack = enter->memory_end - 8,
        .boot_info = SPT_BOOT_INFO,
        .trampoline = SPT_MEM_BASE,
    };
    trampoline_jump(&frame);
}
