/*
 * spt.c: how a process guest asks its tender: not at all, it makes its own system calls.
 *
 * The guest shares a process with what is left of its tender, under a filter that allows nothing but these
 * calls. Source: the Solo5 ABI facts, section 3.
 */
#include "libos/bindings/bindings.h"
#include "libos/bindings/x86_64/syscall.h"

#include <bivy/abi/spt.h>

#define NSEC_PER_SEC   1000000000u
#define CLOCK_WALL     0
#define CLOCK_MONOTONE 1
#define TIMER_ABSOLUTE 1

static const struct spt_boot_info *info;

struct timespec64 {
    int64_t sec, nsec;
};

static struct bindings_boot spt_open(const void *boot)
{
    info = boot;
    return (struct bindings_boot){info->mem_size, (const char *)(uintptr_t)info->cmdline,
                                  (const struct mft *)(uintptr_t)info->mft};
}

__attribute__((noreturn)) static void spt_exit(int status)
{
    for (;;)
        syscall3(SYSCALL_EXIT_GROUP, (uint64_t)(int64_t)status, 0, 0);
}

static void spt_console_write(const char *text, size_t size)
{
    while (size > 0) {
        int64_t n = syscall3(SYSCALL_WRITE, 1, (uintptr_t)text, size);
        if (n == -SYSCALL_EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        size -= (size_t)n;
    }
}

static solo5_time_t clock_read(uint64_t clock)
{
    struct timespec64 now = {0, 0};

    syscall3(SYSCALL_CLOCK_GETTIME, clock, (uintptr_t)&now, 0);
    return (uint64_t)now.sec * NSEC_PER_SEC + (uint64_t)now.nsec;
}

static solo5_time_t spt_clock_monotonic(void)
{
    return clock_read(CLOCK_MONOTONE);
}

static solo5_time_t spt_clock_wall(void)
{
    return clock_read(CLOCK_WALL);
}

static solo5_result_t spt_set_tls_base(uintptr_t base)
{
    return syscall3(SYSCALL_ARCH_PRCTL, SYSCALL_ARCH_SET_FS, base, 0) == 0 ? SOLO5_R_OK : SOLO5_R_EUNSPEC;
}

/* Packed on x86-64 only, as the kernel has it. */
struct event {
    uint32_t events;
    uint64_t data;
} __attribute__((packed));

/*
 * Arms the timer for DEADLINE. It stays armed between calls, so that waiting twice for one deadline
 * costs one system call less; once it has fired it must be set again, because it stays readable.
 */
static solo5_time_t timer_deadline;

static void timer_set(solo5_time_t deadline)
{
    struct timespec64 spec[2] = {{0, 0},
                                 {(int64_t)(deadline / NSEC_PER_SEC), (int64_t)(deadline % NSEC_PER_SEC)}};

    if (deadline == timer_deadline)
        return;
    syscall4(SYSCALL_TIMERFD_SETTIME, (uint64_t)info->timerfd, TIMER_ABSOLUTE, (uintptr_t)spec, 0);
    timer_deadline = deadline;
}

static solo5_handle_set_t spt_yield(solo5_time_t deadline)
{
    struct event events[8];
    solo5_handle_set_t ready = 0;
    int64_t count;
    /* A deadline that has passed needs no look at the clock: the timer fires at once. */
    bool look = deadline == 0;

    if (!look)
        timer_set(deadline);
    do
        count = syscall6(SYSCALL_EPOLL_PWAIT, (uint64_t)info->epollfd, (uintptr_t)events,
                         sizeof events / sizeof *events, look ? 0 : UINT64_MAX, 0, 0);
    while (count == -SYSCALL_EINTR && !look);
    for (int64_t i = 0; i < count; i++) {
        if (events[i].data == SPT_EVENT_TIMER)
            timer_deadline = 0;
        else if (events[i].data < MFT_MAX_ENTRIES)
            ready |= UINT64_C(1) << events[i].data;
    }
    return ready;
}

/* The manifest holds the descriptor behind each handle. */
static uint64_t descriptor(solo5_handle_t handle)
{
    return (uint64_t)bindings_boot.manifest->e[handle].b.hostfd;
}

static solo5_result_t spt_net_write(solo5_handle_t handle, const void *frame, size_t size)
{
    int64_t n;

    do
        n = syscall3(SYSCALL_WRITE, descriptor(handle), (uintptr_t)frame, size);
    while (n == -SYSCALL_EINTR);
    if (n == -SYSCALL_EAGAIN)
        return SOLO5_R_AGAIN;
    return n == (int64_t)size ? SOLO5_R_OK : SOLO5_R_EUNSPEC;
}

/*
 * A read of no bytes means that the other end of a socket is gone for good; it is reported as a failed
 * device, because waiting for it would return at once for ever.
 */
static solo5_result_t spt_net_read(solo5_handle_t handle, void *frame, size_t *size)
{
    int64_t n;

    do
        n = syscall3(SYSCALL_READ, descriptor(handle), (uintptr_t)frame, *size);
    while (n == -SYSCALL_EINTR);
    if (n == -SYSCALL_EAGAIN)
        return SOLO5_R_AGAIN;
    if (n <= 0)
        return SOLO5_R_EUNSPEC;
    *size = (size_t)n;
    return SOLO5_R_OK;
}

static solo5_result_t block_transfer(enum syscall_number number, solo5_handle_t handle, solo5_off_t offset,
                                     uintptr_t buffer, size_t size)
{
    int64_t n;

    do
        n = syscall4(number, descriptor(handle), buffer, size, offset);
    while (n == -SYSCALL_EINTR);
    return n == (int64_t)size ? SOLO5_R_OK : SOLO5_R_EUNSPEC;
}

static solo5_result_t spt_block_write(solo5_handle_t handle, solo5_off_t offset, const void *data,
                                      size_t size)
{
    return block_transfer(SYSCALL_PWRITE64, handle, offset, (uintptr_t)data, size);
}

static solo5_result_t spt_block_read(solo5_handle_t handle, solo5_off_t offset, void *data, size_t size)
{
    return block_transfer(SYSCALL_PREAD64, handle, offset, (uintptr_t)data, size);
}

const struct bindings_ops bindings_ops_spt = {
    .banner = "bivy: process target\n",
    .open = spt_open,
    .exit = spt_exit,
    .console_write = spt_console_write,
    .clock_monotonic = spt_clock_monotonic,
    .clock_wall = spt_clock_wall,
    .set_tls_base = spt_set_tls_base,
    .yield = spt_yield,
    .net_write = spt_net_write,
    .net_read = spt_net_read,
    .block_write = spt_block_write,
    .block_read = spt_block_read,
};
