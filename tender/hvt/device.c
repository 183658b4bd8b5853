/* device.c: see device.h. */
#include "tender/hvt/device.h"

#include <errno.h>
#include <linux/time_types.h>
#include <sys/epoll.h>

#include "solo5.h"
#include "tender/common/system.h"
#include "tender/hvt/hvt.h"

#define NANOSECONDS 1000000000ull

/* A console that would block is one whose reader is stuck: waiting for it would let it stop the guest. */
void device_console_write(const char *text, uint64_t size)
{
    while (size > 0) {
        long done = system_write(1, text, size);
        if (done == -EINTR)
            continue;
        if (done <= 0)
            return;
        text += done;
        size -= (uint64_t)done;
    }
}

int32_t device_poll(const struct hvt *hvt, uint64_t timeout_ns, uint64_t *ready)
{
    struct epoll_event events[MFT_MAX_ENTRIES];
    struct __kernel_timespec timeout = {(int64_t)(timeout_ns / NANOSECONDS),
                                        (int64_t)(timeout_ns % NANOSECONDS)};
    int count = system_epoll_wait(hvt->epoll, events, MFT_MAX_ENTRIES, &timeout);
    *ready = 0;
    for (int i = 0; i < count; i++)
        *ready |= 1ull << events[i].data.u64;
    return count < 0 ? 0 : count;
}

int32_t device_block(const struct mft_entry *device, uint64_t offset, void *data, uint64_t size, bool write)
{
    uint64_t end;
    char *next = data;
    uint64_t capacity = device->u.block_basic.capacity;
    if (offset >= capacity || __builtin_add_overflow(offset, size, &end) || end > capacity)
        return SOLO5_R_EINVAL;
    while (offset < end) {
        long done = write ? system_pwrite(device->b.hostfd, next, end - offset, offset)
                          : system_pread(device->b.hostfd, next, end - offset, offset);
        if (done == -EINTR)
            continue;
        if (done <= 0)
            return SOLO5_R_EUNSPEC;
        next += done;
        offset += (uint64_t)done;
    }
    return SOLO5_R_OK;
}

static int32_t result_of(long done)
{
    switch (done) {
    case -EAGAIN:
    case -EINTR:
    case -ENOBUFS:
        return SOLO5_R_AGAIN;
    case -EMSGSIZE:
    case -EINVAL:
        return SOLO5_R_EINVAL;
    default:
        return SOLO5_R_EUNSPEC;
    }
}

int32_t device_net_write(const struct mft_entry *device, const void *frame, uint64_t size)
{
    long done = system_write(device->b.hostfd, frame, size);
    if (done == (long)size)
        return SOLO5_R_OK;
    return done >= 0 ? SOLO5_R_EUNSPEC : result_of(done);
}

int32_t device_net_read(const struct mft_entry *device, void *frame, uint64_t *size)
{
    long done = system_read(device->b.hostfd, frame, *size);
    if (done > 0) {
        *size = (uint64_t)done;
        return SOLO5_R_OK;
    }
    return done == 0 ? SOLO5_R_EUNSPEC : result_of(done); /* the other end is gone */
}
