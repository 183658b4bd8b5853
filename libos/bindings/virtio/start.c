/*
 * start.c: see start.h.
 *
 * Memory from its end down: buffers and queues of devices, the program's stack, its guard page, the heap.
 * What the machine said about itself is read before any of that, and copied: it may stand where the heap will
 * be.
 */
#include "libos/bindings/virtio/start.h"

#include "libos/bindings/bindings.h"
#include "libos/bindings/virtio/acpi.h"
#include "libos/bindings/virtio/device.h"
#include "libos/bindings/virtio/pvh.h"
#include "libos/bindings/virtio/x86_64/clock.h"
#include "libos/bindings/virtio/x86_64/interrupts.h"
#include "libos/bindings/virtio/x86_64/paging.h"
#include "libos/bindings/virtio/x86_64/power.h"
#include "libos/bindings/virtio/x86_64/processor.h"
#include "libos/bindings/virtio/x86_64/serial.h"
#include "libos/bindings/x86_64/cpu.h"

#define LEAST_HEAP  0x80000u
#define STACK_USUAL 0x10000u

/* By the linker script: the end of the image, its manifest, and the bytes of stack that the program declared.
 */
extern const uint8_t _end[], bivy_manifest[];
/* Weak: asking for it must not bring in the library that declares one. */
extern const uint8_t bivy_stack_size[] __attribute__((weak));

/* pvh.S: */
void virtio_machine_enter(uint64_t stack, const struct bindings_boot *boot) __attribute__((noreturn));

static union {
    struct mft manifest;
    uint8_t bytes[MFT_MAX_SIZE];
} copy;

static void manifest_copy(void)
{
    const struct mft *manifest = (const void *)bivy_manifest;
    size_t entries = manifest->entries < MFT_MAX_ENTRIES ? manifest->entries : MFT_MAX_ENTRIES;

    __builtin_memcpy(copy.bytes, manifest, MFT_SIZE(entries));
}

/* Maps the memory; returns where the devices' part begins, which is where the stack ends. */
static uint64_t memory_divide(uint64_t ram_end, size_t devices_size)
{
    uint64_t stack_size = (uintptr_t)bivy_stack_size, image_end = (uintptr_t)_end, top, guard = 0;

    if (ram_end - image_end < devices_size + LEAST_HEAP + stack_size + 2 * PAGE_SIZE)
        virtio_power_stop("not enough memory for this image and its devices: give the machine more");
    top = ram_end - devices_size;
    if (stack_size != 0)
        guard = (top - stack_size) & ~(PAGE_SIZE - 1);
    /* Without a guard page what is below the stack's end is heap, but the first calls must find a stack. */
    virtio_paging_memory(guard, ram_end, guard != 0 ? guard + PAGE_SIZE : top - STACK_USUAL);
    return top;
}

void virtio_start(uint64_t start_info)
{
    static struct pvh pvh;
    static struct acpi acpi;
    static struct virtio_places places;
    static struct bindings_boot boot;
    const char *wrong;
    size_t devices_size;

    bindings_ops = &bindings_ops_virtio;
    virtio_serial_open();
    cpu_open();
    virtio_processor_open();
    virtio_paging_open();
    wrong = virtio_pvh_read(&pvh, &virtio_paging_physical, start_info, IMAGE_START, (uintptr_t)_end);
    if (wrong)
        virtio_power_stop(wrong);
    boot.cmdline = virtio_cmdline_split(pvh.cmdline, &places);
    virtio_acpi_read(&acpi, &places, &virtio_paging_physical, pvh.rsdp);
    virtio_power_open(&acpi);
    manifest_copy();
    virtio_clock_open();
    virtio_interrupts_open(&acpi, virtio_devices_acknowledge);
    devices_size = virtio_devices_find(&copy.manifest, &places);
    boot.mem_size = memory_divide(pvh.ram_end, devices_size);
    virtio_devices_start(&copy.manifest, (uint8_t *)boot.mem_size);
    boot.manifest = &copy.manifest;
    virtio_machine_enter(boot.mem_size, &boot);
}
