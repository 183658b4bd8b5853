/*
 * device.h: what the tender does to host descriptors on a guest's behalf.
 *
 * Results are solo5_result_t: a device that fails is the guest's to notice, never the tender's end. Buffers
 * lie in guest memory and were checked by the caller.
 */
#ifndef TENDER_HVT_DEVICE_H
#define TENDER_HVT_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "bivy/abi/manifest.h"

struct hvt;

/* Writes SIZE bytes to the console (descriptor 1). What it does not take is lost. */
void device_console_write(const char *text, uint64_t size);

/* Waits until a network device can be read or TIMEOUT_NS nanoseconds have passed. The number of ready
 * devices, whose handles are the bits of *READY.
 */
int32_t device_poll(const struct hvt *hvt, uint64_t timeout_ns, uint64_t *ready);

/* Reads or writes SIZE bytes at OFFSET; EINVAL unless they lie within the capacity. */
int32_t device_block(const struct mft_entry *device, uint64_t offset, void *data, uint64_t size, bool write);

/* Sends one frame; AGAIN if the host's queue is full. */
int32_t device_net_write(const struct mft_entry *device, const void *frame, uint64_t size);

/* Receives one frame of at most *SIZE bytes and stores its length there; AGAIN if none waits. */
int32_t device_net_read(const struct mft_entry *device, void *frame, uint64_t *size);

#endif
