/*
 * guest.h: an image in a machine: its memory, its boot information, its processor's first state.
 */
#ifndef TENDER_HVT_GUEST_H
#define TENDER_HVT_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "image/image.h"
#include "tender/hvt/hvt.h"
#include "tender/hvt/kvm.h"

struct message;

/* Guest memory is a multiple of this, and at least one. */
#define GUEST_MEMORY_STEP (2u << 20)
#define GUEST_MEMORY_MAX  (4ull << 30)

/* Whether IMAGE runs in ring 3: its Bivy note says that it holds no privileged instruction. */
bool guest_is_user(const struct image *image);

/* Whether the guest gets a ring (ring.h), in HVT_RING_BYTES above its memory: its image says that it makes
 * use of one, and HVT has a device. */
bool guest_has_ring(const struct hvt *hvt, const struct image *image);

/*
 * Maps MEMORY_BYTES (a multiple of GUEST_MEMORY_STEP; with a ring, at most GUEST_MEMORY_MAX - HVT_RING_BYTES)
 * of guest memory, loads IMAGE (from SOURCE and its descriptor FD; KERNEL is its name in texts), and makes
 * KVM's processor ready to enter it. HVT's manifest must be attached already. ARGUMENTS become the command
 * line. Returns 0, or a negative errno with MESSAGE filled.
 */
struct guest_plan {
    const char *kernel;
    const struct image *image;
    const struct image_source *source;
    int fd;
    uint64_t memory_bytes;
    const char *const *arguments;
};
int guest_make(struct hvt *hvt, const struct kvm *kvm, const struct guest_plan *plan,
               struct message *message);

#endif
