/*
 * hvt.c: how a virtual machine's guest asks its tender: by hypercalls, and by the processor's own clock.
 *
 * Source: the Solo5 ABI facts, sections 2.2 and 2.4.
 */
#include "libos/bindings/bindings.h"
#include "libos/bindings/hvt_ring.h"
#include "libos/bindings/x86_64/cpu.h"
#include "libos/bindings/x86_64/hypercall.h"
#include "libos/bindings/x86_64/syscall.h"

#include <bivy/abi/hvt.h>

#define NSEC_PER_SEC UINT64_C(1000000000)

/* Nanoseconds of one cycle, in units of 2^-32. */
static uint64_t cycle_length;

static struct bindings_boot hvt_open(const void *boot)
{
    const struct hvt_boot_info *info = boot;

    cpu_open();
    ring_open(info);
    cycle_length = (NSEC_PER_SEC << 32) / info->cpu_cycle_freq;
    return (struct bindings_boot){info->mem_size, (const char *)(uintptr_t)info->cmdline,
                                  (const struct mft *)(uintptr_t)info->mft};
}

__attribute__((noreturn)) static void hvt_exit(int status)
{
    ring_flush();
    hypercall_halt(status, NULL);
}

static void hvt_console_write(const char *text, size_t size)
{
    volatile struct hvt_puts puts = {(uintptr_t)text, size};

    hypercall(HVT_HYPERCALL_PUTS, &puts);
}

static solo5_time_t hvt_clock_monotonic(void)
{
    return (uint64_t)(((unsigned __int128)cpu_cycles() * cycle_length) >> 32);
}

static solo5_time_t hvt_clock_wall(void)
{
    volatile struct hvt_walltime wall = {0};

    hypercall(HVT_HYPERCALL_WALLTIME, &wall);
    return wall.nsecs;
}

static solo5_result_t hvt_set_tls_base(uintptr_t base)
{
    cpu_set_tls_base(base);
    return SOLO5_R_OK;
}

/* The host's clock and the guest's differ by a few parts in a million: what is left of a wait is waited for.
 */
static solo5_handle_set_t hvt_yield(solo5_time_t deadline)
{
    volatile struct hvt_poll poll;
    solo5_time_t now = hvt_clock_monotonic();
    solo5_handle_set_t ready;

    do {
        poll.timeout_nsecs = deadline > now && !ring_has_frames() ? deadline - now : 0;
        ring_before_wait();
        hypercall(HVT_HYPERCALL_POLL, &poll);
        ready = poll.ready_set | ring_after_wait();
        now = hvt_clock_monotonic();
    } while (ready == 0 && now < deadline);
    return ready;
}

static solo5_result_t hvt_net_write(solo5_handle_t handle, const void *frame, size_t size)
{
    volatile struct hvt_net_io io = {handle, (uintptr_t)frame, size, 0};
    enum ring_answer answer = ring_net_write(handle, frame, size);

    if (answer != RING_PASSES)
        return answer == RING_KEEPS ? SOLO5_R_OK : SOLO5_R_AGAIN;
    hypercall(HVT_HYPERCALL_NET_WRITE, &io);
    return (solo5_result_t)io.ret;
}

static solo5_result_t hvt_net_read(solo5_handle_t handle, void *frame, size_t *size)
{
    volatile struct hvt_net_io io = {handle, (uintptr_t)frame, *size, 0};

    if (ring_has_net(handle))
        return ring_net_read(handle, frame, size);
    hypercall(HVT_HYPERCALL_NET_READ, &io);
    *size = io.len;
    return (solo5_result_t)io.ret;
}

static solo5_result_t hvt_block_write(solo5_handle_t handle, solo5_off_t offset, const void *data,
                                      size_t size)
{
    volatile struct hvt_block_io io = {handle, offset, (uintptr_t)data, size, 0};

    hypercall(HVT_HYPERCALL_BLOCK_WRITE, &io);
    return (solo5_result_t)io.ret;
}

static solo5_result_t hvt_block_read(solo5_handle_t handle, solo5_off_t offset, void *data, size_t size)
{
    volatile struct hvt_block_io io = {handle, offset, (uintptr_t)data, size, 0};

    hypercall(HVT_HYPERCALL_BLOCK_READ, &io);
    return (solo5_result_t)io.ret;
}

static void hvt_block_batch(struct bivy_block_request *requests, size_t count)
{
    if (ring_is_open()) {
        ring_block_batch(requests, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        requests[i].result =
            requests[i].write
                ? hvt_block_write(requests[i].handle, requests[i].offset, requests[i].data, requests[i].size)
                : hvt_block_read(requests[i].handle, requests[i].offset, requests[i].data, requests[i].size);
}

const struct bindings_ops bindings_ops_hvt = {
    .banner = "bivy: virtual machine target\n",
    .open = hvt_open,
    .exit = hvt_exit,
    .console_write = hvt_console_write,
    .clock_monotonic = hvt_clock_monotonic,
    .clock_wall = hvt_clock_wall,
    .set_tls_base = hvt_set_tls_base,
    .yield = hvt_yield,
    .net_write = hvt_net_write,
    .net_read = hvt_net_read,
    .block_write = hvt_block_write,
    .block_read = hvt_block_read,
    .net_hold = ring_hold,
    .block_batch = hvt_block_batch,
};
