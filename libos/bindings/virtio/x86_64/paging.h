/*
 * paging.h: what of a machine's memory the program sees, and how.
 *
 * Every address in memory is its physical one. The image's text cannot be written and nothing else executed;
 * the first MiB, a guard page below the stack, and everything that is not memory are not there. Memory for
 * the heap is there when it is first touched, 2 MiB at a time, and is cleared then: a machine's firmware and
 * an earlier run leave traces in it, and clearing all of it would touch all of it.
 */
#ifndef BINDINGS_VIRTIO_X86_64_PAGING_H
#define BINDINGS_VIRTIO_X86_64_PAGING_H

#include "libos/bindings/virtio/physical.h"

#define PAGE_SIZE   UINT64_C(4096)
#define IMAGE_START UINT64_C(0x100000) /* where the linker script puts the image */

/* Maps the image and nothing else, and leaves the map of the start. */
void virtio_paging_open(void);

/* Maps the memory behind the image up to END, cleared: from READY on at once, before it when it is touched.
 * The page at GUARD, before READY, is left out, or none if it is 0. All are multiples of PAGE_SIZE. */
void virtio_paging_memory(uint64_t guard, uint64_t end, uint64_t ready);

/* Maps SIZE bytes of a device's registers at PHYSICAL; NULL if there is no room left. For ever. */
volatile void *virtio_paging_device(uint64_t physical, uint64_t size);

/* Reads memory that is not mapped, a page at a time. */
extern const struct physical virtio_paging_physical;

/* Called at a page fault: true if ADDRESS, which was not there, is there now. */
bool virtio_paging_fault(uint64_t address, uint64_t error);

#endif
