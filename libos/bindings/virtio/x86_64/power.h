/*
 * power.h: the end of a machine, and sentences about why.
 *
 * A machine has no exit status, so that it stands on the console, in the last line. QEMU has a device for it
 * (isa-debug-exit at its usual port), which is told if it is there. Then the machine is switched off: by ACPI
 * if its tables said how, else by a reset through the keyboard's controller, else by a fault that no
 * processor survives.
 */
#ifndef BINDINGS_VIRTIO_X86_64_POWER_H
#define BINDINGS_VIRTIO_X86_64_POWER_H

struct acpi;

/* Remembers how the machine is switched off. */
void virtio_power_open(const struct acpi *acpi);

/* Ends with STATUS. */
void virtio_power_off(int status) __attribute__((noreturn));

/* Ends with status 1 after the line "bivy: WHY". */
void virtio_power_stop(const char *why) __attribute__((noreturn));

#endif
