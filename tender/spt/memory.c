/* memory.c: see memory.h. */
#define _GNU_SOURCE
#include "tender/spt/memory.h"

#include <errno.h>
#include <sys/mman.h>

#include "bivy/abi/spt.h"
#include "tender/common/message.h"
#include "tender/common/system.h"
#include "tender/spt/x86_64/machine.h"

static int memory_refused(int result, uint64_t bytes, struct message *message)
{
    if (result == -EPERM)
        return message_say(message, result, "Could not map guest memory at 0x10000: ",
                           "vm.mmap_min_addr of this host must be 65536 or less", "");
    message_begin(message, "Could not allocate ");
    message_add_number(message, bytes >> 20);
    message_add(message, " MiB of guest memory: ");
    if (bytes > ENTER_TENDER_BASE)
        message_add(message, "more than a process guest can have");
    else
        message_add_errno(message, -result);
    return result;
}

int memory_map(uint64_t bytes, bool execute, struct message *message)
{
    int protection = PROT_READ | PROT_WRITE | (execute ? PROT_EXEC : 0);
    if (bytes > ENTER_TENDER_BASE)
        return memory_refused(-ENOMEM, bytes, message);
    int result = system_map(SPT_MEM_BASE, bytes - SPT_MEM_BASE, protection,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (result != 0)
        return memory_refused(result, bytes, message);
    system_advise(SPT_MEM_BASE, bytes - SPT_MEM_BASE, MADV_NOHUGEPAGE); /* absent from some kernels */
    return 0;
}
