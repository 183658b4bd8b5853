/* events.c: see events.h. */
#define _GNU_SOURCE
#include "tender/common/events.h"

#include <sys/epoll.h>

#include "tender/common/message.h"
#include "tender/common/system.h"

int events_watch(int epoll, int fd, uint64_t data)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = data};
    return (int)syscall_do(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, fd, (long)&event, 0, 0);
}

int events_open(const struct image_manifest *manifest, int *epoll, struct message *message)
{
    *epoll = (int)syscall_do(SYS_epoll_create1, EPOLL_CLOEXEC, 0, 0, 0, 0, 0);
    if (*epoll < 0)
        return message_fail(message, *epoll, "Could not wait for the guest's devices", "epoll");
    for (uint32_t i = 1; i < manifest->entries; i++) {
        const struct mft_entry *entry = &manifest->e[i];
        if (!entry->attached || entry->type != MFT_DEV_NET_BASIC)
            continue;
        int result = events_watch(*epoll, entry->b.hostfd, i);
        if (result < 0)
            return message_fail(message, result, "Could not wait for packets of device", entry->name);
    }
    return 0;
}
