/*
 * virtio.c: a machine of any monitor, without a tender: the image drives its virtio devices itself.
 *
 * Everything was set up before there was a program (start.c); the operations are those of the files around
 * this one.
 */
#include "libos/bindings/bindings.h"
#include "libos/bindings/virtio/device.h"
#include "libos/bindings/virtio/x86_64/clock.h"
#include "libos/bindings/virtio/x86_64/interrupts.h"
#include "libos/bindings/virtio/x86_64/power.h"
#include "libos/bindings/virtio/x86_64/serial.h"
#include "libos/bindings/x86_64/cpu.h"

#define LAST_FRAMES_NS UINT64_C(1000000000)

static struct bindings_boot virtio_open(const void *boot)
{
    return *(const struct bindings_boot *)boot;
}

static solo5_result_t virtio_set_tls_base(uintptr_t base)
{
    cpu_set_tls_base(base);
    return SOLO5_R_OK;
}

/* What a device does between the last look and the halt is an interrupt that waits for the halt. */
static void wait(solo5_time_t timeout)
{
    solo5_time_t patience = virtio_devices_patience();

    virtio_net_interrupts(true);
    virtio_devices_acknowledge();
    if (virtio_net_ready() == 0)
        virtio_interrupts_wait(timeout < patience ? timeout : patience);
    virtio_net_interrupts(false);
}

static solo5_handle_set_t virtio_yield(solo5_time_t deadline)
{
    for (;;) {
        solo5_handle_set_t ready = virtio_net_ready();
        solo5_time_t now = virtio_clock_monotonic();
        if (ready != 0 || now >= deadline)
            return ready;
        wait(deadline - now);
    }
}

/* What was sent must leave before the machine is gone; a device that does not take it is not waited for
 * longer than this. */
__attribute__((noreturn)) static void virtio_exit(int status)
{
    solo5_time_t end = virtio_clock_monotonic() + LAST_FRAMES_NS;

    while (virtio_net_sending() && virtio_clock_monotonic() < end)
        __builtin_ia32_pause();
    virtio_power_off(status);
}

const struct bindings_ops bindings_ops_virtio = {
    .banner = "bivy: virtio target\n",
    .open = virtio_open,
    .exit = virtio_exit,
    .console_write = virtio_serial_write,
    .clock_monotonic = virtio_clock_monotonic,
    .clock_wall = virtio_clock_wall,
    .set_tls_base = virtio_set_tls_base,
    .yield = virtio_yield,
    .net_write = virtio_net_write,
    .net_read = virtio_net_read,
    .block_write = virtio_block_write,
    .block_read = virtio_block_read,
};
