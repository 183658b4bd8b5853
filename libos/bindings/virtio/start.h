/* start.h: from a machine's entry to the bindings' own. */
#ifndef BINDINGS_VIRTIO_START_H
#define BINDINGS_VIRTIO_START_H

#include <stdint.h>

/* Called by pvh.S on the stack of the start: makes of a bare machine what a tender would have made, then
 * starts the program. */
void virtio_start(uint64_t start_info) __attribute__((noreturn));

#endif
