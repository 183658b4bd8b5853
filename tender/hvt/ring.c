/* ring.c: see ring.h. */
#include "tender/hvt/ring.h"

#include "bivy/abi/hvt.h"
#include "solo5.h"
#include "tender/common/message.h"
#include "tender/hvt/device.h"
#include "tender/hvt/hvt.h"
#include "tender/hvt/report.h"

/* Devices that answered AGAIN in this round, a bit for each handle. */
struct round {
    uint64_t full, empty;
};

static const struct mft_entry *net_of(const struct hvt *hvt, const struct hvt_ring_entry *entry)
{
    return hvt_device(hvt, entry->handle, MFT_DEV_NET_BASIC);
}

static int32_t serve_net_write(struct hvt *hvt, struct round *round, const struct hvt_ring_entry *entry,
                               struct hvt_ring_commit *commit)
{
    const struct mft_entry *device = net_of(hvt, entry);
    const void *frame = guest_memory_at(&hvt->memory, entry->data, entry->len);
    (void)commit;
    if (device == NULL || frame == NULL)
        return SOLO5_R_EINVAL;
    uint64_t bit = 1ull << entry->handle;
    int32_t result = round->full & bit ? SOLO5_R_AGAIN : device_net_write(device, frame, entry->len);
    if (result == SOLO5_R_AGAIN)
        round->full |= bit;
    return result;
}

static int32_t serve_net_read(struct hvt *hvt, struct round *round, const struct hvt_ring_entry *entry,
                              struct hvt_ring_commit *commit)
{
    const struct mft_entry *device = net_of(hvt, entry);
    void *frame = guest_memory_writable_at(&hvt->memory, entry->data, entry->len);
    uint64_t size = entry->len;
    if (device == NULL || frame == NULL)
        return SOLO5_R_EINVAL;
    uint64_t bit = 1ull << entry->handle;
    int32_t result = round->empty & bit ? SOLO5_R_AGAIN : device_net_read(device, frame, &size);
    if (result == SOLO5_R_AGAIN)
        round->empty |= bit;
    commit->len = result == SOLO5_R_OK ? (uint32_t)size : 0;
    return result;
}

static int32_t serve_block(struct hvt *hvt, const struct hvt_ring_entry *entry, bool write)
{
    const struct mft_entry *device = hvt_device(hvt, entry->handle, MFT_DEV_BLOCK_BASIC);
    void *data = write ? guest_memory_at(&hvt->memory, entry->data, entry->len)
                       : guest_memory_writable_at(&hvt->memory, entry->data, entry->len);
    return device == NULL || data == NULL ? SOLO5_R_EINVAL
                                          : device_block(device, entry->offset, data, entry->len, write);
}

static int32_t serve_block_write(struct hvt *hvt, struct round *round, const struct hvt_ring_entry *entry,
                                 struct hvt_ring_commit *commit)
{
    (void)round;
    (void)commit;
    return serve_block(hvt, entry, true);
}

static int32_t serve_block_read(struct hvt *hvt, struct round *round, const struct hvt_ring_entry *entry,
                                struct hvt_ring_commit *commit)
{
    (void)round;
    (void)commit;
    return serve_block(hvt, entry, false);
}

static const struct {
    uint32_t op;
    int32_t (*serve)(struct hvt *, struct round *, const struct hvt_ring_entry *, struct hvt_ring_commit *);
} ops[] = {
    {HVT_RING_NET_WRITE, serve_net_write},
    {HVT_RING_NET_READ, serve_net_read},
    {HVT_RING_BLOCK_WRITE, serve_block_write},
    {HVT_RING_BLOCK_READ, serve_block_read},
};

/* An operation that nobody knows is answered like wrong arguments, so that its commit is not waited for. */
static void serve_entry(struct hvt *hvt, struct round *round, const struct hvt_ring_entry *entry)
{
    struct ring *ring = &hvt->ring;
    struct hvt_ring_commit commit = {.id = entry->id, .ret = SOLO5_R_EINVAL};
    for (unsigned i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (ops[i].op == entry->op)
            commit.ret = ops[i].serve(hvt, round, entry, &commit);
    report_entry(hvt, entry, &commit);
    __builtin_memcpy(&ring->shared->commits[ring->tail++ % HVT_RING_ENTRIES], &commit, sizeof commit);
}

void ring_open(struct hvt *hvt, struct hvt_ring *shared)
{
    hvt->ring = (struct ring){.shared = shared};
    shared->needs_kick = 1;
}

bool ring_serve(struct hvt *hvt, enum ring_end end, struct message *message)
{
    struct ring *ring = &hvt->ring;
    struct round round = {0, 0};
    struct hvt_ring_entry entry;
    if (ring->shared == NULL)
        return true;
    uint32_t count = *(volatile uint32_t *)&ring->shared->ent_tail - ring->head;
    if (count > HVT_RING_ENTRIES) {
        message_begin(message, "the guest's ring holds more requests than it has room for");
        return false;
    }
    for (; count > 0; count--) {
        __builtin_memcpy(&entry, &ring->shared->entries[ring->head % HVT_RING_ENTRIES], sizeof entry);
        if (end == RING_UP_TO_READ && entry.op == HVT_RING_NET_READ)
            break;
        ring->head++;
        serve_entry(hvt, &round, &entry);
    }
    ring->blocked = round.full != 0;
    ring->shared->ent_head = ring->head;
    ring->shared->com_tail = ring->tail;
    return true;
}
