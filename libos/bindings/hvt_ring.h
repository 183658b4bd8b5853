/*
 * hvt_ring.h: frames and blocks that share exits, where the tender is bivy-hvt (HVT_FEATURE_BATCH).
 *
 * Frames are read ahead: each wait asks for as many as there are places for, so that one exit brings all that
 * have arrived. Frames that are held and blocks of a batch leave together. Everything else is hvt.c's.
 */
#ifndef LIBOS_HVT_RING_H
#define LIBOS_HVT_RING_H

#include "libos/bindings/bindings.h"

#include <bivy/abi/hvt.h>
#include <bivy/batch.h>

/* Takes the ring into use if the tender has one that we understand. */
void ring_open(const struct hvt_boot_info *info);

/* Whether frames of the device HANDLE are read ahead: there is a ring, and they fit its places. */
bool ring_has_net(solo5_handle_t handle);

/* As the operation of bindings.h, for devices of which ring_has_net() is true. */
solo5_result_t ring_net_read(solo5_handle_t handle, void *frame, size_t *size);

/* What becomes of a frame that is to be sent. */
enum ring_answer {
    RING_KEEPS,  /* it leaves later */
    RING_PASSES, /* it must be sent by hypercall; none is kept before it */
    RING_FULL    /* older ones cannot leave: AGAIN */
};
enum ring_answer ring_net_write(solo5_handle_t handle, const void *frame, size_t size);

/* Before the tender is asked to wait, and after it: the devices that have frames read ahead. */
void ring_before_wait(void);
solo5_handle_set_t ring_after_wait(void);

/* Whether frames wait here that solo5_yield() must tell of without waiting. */
bool ring_has_frames(void);

/* See bivy/batch.h. */
void ring_hold(bool hold);
void ring_flush(void); /* sends what is held */
void ring_block_batch(struct bivy_block_request *requests, size_t count);
bool ring_is_open(void);

#endif
