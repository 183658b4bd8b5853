/* serial.h: the console: the first serial port, for output. */
#ifndef BINDINGS_VIRTIO_X86_64_SERIAL_H
#define BINDINGS_VIRTIO_X86_64_SERIAL_H

#include <stddef.h>

/* Looks whether there is one. What is written where there is none, or before, is lost. */
void virtio_serial_open(void);

/* Writes SIZE bytes; a port that takes none for about a second loses the rest. */
void virtio_serial_write(const char *text, size_t size);

#endif
