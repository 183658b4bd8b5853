/*
 * hvt.h: one virtual machine: its guest's memory, devices and processor, as the tender's parts share it.
 *
 * The manifest here is the tender's own copy. The guest has another one, to read and to spoil; nothing is
 * ever read back from it.
 */
#ifndef TENDER_HVT_HVT_H
#define TENDER_HVT_HVT_H

#include <stdbool.h>
#include <stdint.h>

#include "bivy/abi/hvt.h"
#include "image/image.h"
#include "tender/hvt/guest_memory.h"
#include "tender/hvt/ring.h"

struct message;

struct hvt {
    struct guest_memory memory;
    struct image_manifest manifest;
    struct ring ring;
    int epoll; /* level-triggered over all network devices; data: the handle */
    int exit_status;
    bool no_ring;         /* the guest gets none, whatever its image says */
    unsigned debug;       /* OPTIONS_DEBUG_*: what a tracer is told of while the guest runs */
    bool crashed;         /* an exception was reported */
    bool trapped;         /* it ended with a trap frame */
    struct hvt_trap trap; /* which may say anything */
};

/* What the run loop does after an exit was served. */
enum hvt_next {
    HVT_CONTINUE, /* enter the guest again */
    HVT_HALTED,   /* the guest ended; its status is in exit_status */
    HVT_BROKEN,   /* the guest did what no guest may: the message says what; status 1 */
    HVT_FAILED    /* this host could not go on: the message says why; status 1 */
};

/*
 * Serves the hypercall NUMBER, whose arguments lie at the guest-physical ADDRESS. Every pointer and length in
 * them is checked; a bad buffer is answered to the guest, bad arguments end it. Source: the Solo5 ABI facts,
 * section 2.4.
 */
enum hvt_next hypercall_serve(struct hvt *hvt, uint32_t number, uint64_t address, struct message *message);

/* The attached device behind a guest's HANDLE if it is of TYPE (enum mft_type), else NULL. */
const struct mft_entry *hvt_device(const struct hvt *hvt, uint64_t handle, uint32_t type);

#endif
