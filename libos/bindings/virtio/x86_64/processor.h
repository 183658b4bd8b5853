/* processor.h: switches on what programs use of the processor. */
#ifndef BINDINGS_VIRTIO_X86_64_PROCESSOR_H
#define BINDINGS_VIRTIO_X86_64_PROCESSOR_H

/* SSE is on since pvh.S; AVX, AVX-512 and the instructions for the thread pointer are if CPUID has them. Page
 * faults get the gate that may return. */
void virtio_processor_open(void);

#endif
