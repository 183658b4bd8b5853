/*
 * ring.h: many requests of a guest for one exit: the net ring of the Solo5 ABI, served by the processor's own
 * thread whenever the guest has left anyway.
 *
 * The ring is guest memory, which a hostile guest fills as it likes: every entry is copied before it is
 * looked at, indices of the tender's own are kept here and never read back, and one round serves at most as
 * many entries as the ring has. Source: the Solo5 ABI facts, section 2.5; bivy/abi/hvt.h for what is ours.
 */
#ifndef TENDER_HVT_RING_H
#define TENDER_HVT_RING_H

#include <stdbool.h>
#include <stdint.h>

struct hvt;
struct hvt_ring;
struct message;

struct ring {
    struct hvt_ring *shared; /* the host's view; NULL: this guest has none */
    uint32_t head;           /* entries that were served */
    uint32_t tail;           /* commits that were posted */
    bool blocked;            /* in the last round a device took no more frames */
};

/* Makes SHARED (zero) the ring of HVT. */
void ring_open(struct hvt *hvt, struct hvt_ring *shared);

/* How far a round goes. */
enum ring_end { RING_UP_TO_READ, RING_ALL };

/* Serves the entries that wait; nothing if there is no ring. False with MESSAGE filled: the guest's indices
 * mean nothing, which ends it. */
bool ring_serve(struct hvt *hvt, enum ring_end end, struct message *message);

#endif
