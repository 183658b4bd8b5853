/*
 * interrupts.h: waiting for devices and for time without spinning.
 *
 * Interrupts only ever arrive while the processor halts in virtio_interrupts_wait(); all they say is that
 * something may have happened. Sources of devices are messages (PCI) or inputs of an I/O APIC (virtio-mmio);
 * that of time is the processor's own timer.
 */
#ifndef BINDINGS_VIRTIO_X86_64_INTERRUPTS_H
#define BINDINGS_VIRTIO_X86_64_INTERRUPTS_H

#include <solo5.h>
#include <stdbool.h>
#include <stdint.h>

struct acpi;

/* Needs the clock. Where ACPI names no I/O APIC there is one at the usual address. ACKNOWLEDGE is called
 * after each interrupt, with interrupts off. */
void virtio_interrupts_open(const struct acpi *acpi, void (*acknowledge)(void));

/* Lets the global interrupt NUMBER through; false if no controller has it. */
bool virtio_interrupts_route(uint32_t number);

/* What a device writes where, to interrupt. */
void virtio_interrupts_message(uint64_t *address, uint32_t *data);

/* Halts until an interrupt, at most for TIMEOUT nanoseconds. One that came since the last wait ends it at
 * once. */
void virtio_interrupts_wait(solo5_time_t timeout);

#endif
