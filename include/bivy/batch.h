/*
 * batch.h: what solo5.h has no words for: several requests at once.
 *
 * Every call here means the same for every target. In a virtual machine of bivy-hvt many requests share one
 * exit, which is what costs there; a process, and a guest of another tender, makes them one by one.
 */
#ifndef BIVY_BATCH_H
#define BIVY_BATCH_H

#include <solo5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Frames that solo5_net_write() takes while HOLD is set may stay with the guest until the next solo5_yield(),
 * the next frame that is written without it, the end of the program, or until there are too many to be kept:
 * whichever comes first. For a program that answers what it has just read and is about to wait; what it
 * computes before it waits delays those frames. Without HOLD, which is how a program starts, a frame leaves
 * at once.
 */
void bivy_net_hold(bool hold);

/* One block to be read or written, under the rules of solo5_block_read() and solo5_block_write(). */
struct bivy_block_request {
    solo5_handle_t handle;
    solo5_off_t offset; /* bytes */
    uint8_t *data;      /* the caller's; only read from by a write */
    size_t size;        /* bytes: exactly one block */
    bool write;
    solo5_result_t result; /* out */
};

/* Makes COUNT requests in their order, each whatever became of the others; all are done on return. */
void bivy_block_batch(struct bivy_block_request *requests, size_t count);

#ifdef __cplusplus
}
#endif

#endif
