/*
 * hvt_ring.c: see hvt_ring.h.
 *
 * There is nobody on the other side while this side runs: the tender serves the ring between two instructions
 * of ours, and nothing here needs more than to keep the compiler in order (hypercall.h's "memory"). What is
 * taken into the ring is always given back by the next exit, so that places are counted, never searched.
 */
#include "libos/bindings/hvt_ring.h"

#include "libos/bindings/x86_64/hypercall.h"

#define PLACE_SIZE   2048u /* bytes: an MTU of 1500 and what may be in front */
#define READ_PLACES  8u
#define WRITE_PLACES 16u
#define BLOCKS_MAX   256u /* requests a round */

/* Behind the ring, in memory that is nobody's heap. */
struct places {
    uint8_t reads[READ_PLACES][PLACE_SIZE];
    uint8_t writes[WRITE_PLACES][PLACE_SIZE];
};
_Static_assert(HVT_RING_ROOM + sizeof(struct places) <= HVT_RING_BYTES, "places");

/* What an entry's id says of it: its kind above, and its place. */
enum kind { KIND_WRITE = 0, KIND_READ = 1 << 16, KIND_BLOCK = 2 << 16 };
#define KIND_MASK  0xffff0000u
#define PLACE_MASK 0xffffu

enum read_state { READ_FREE, READ_ASKED, READ_FULL };

struct read_place {
    uint8_t state; /* enum read_state */
    uint8_t handle;
    uint16_t size;  /* bytes of the frame */
    uint32_t order; /* frames of one device are taken in the order in which they came */
};

struct write_place {
    uint8_t handle;
    uint16_t size;
};

static volatile struct hvt_ring *ring; /* NULL: none */
static struct read_place reads[READ_PLACES];
static struct write_place writes[WRITE_PLACES];
static uint32_t write_first, write_end; /* frames that wait to leave; free-running */
static uint32_t read_order, commits_seen;
static solo5_handle_set_t drained; /* the last round found no further frame of these devices */
static solo5_handle_set_t failed;  /* reads of these devices failed */
static bool held;
static struct bivy_block_request *blocks; /* of the round that is under way */
static struct places *data;
static solo5_handle_set_t nets; /* devices whose frames go through the ring */
static size_t share;            /* places to read that each of them may take */

static bool fits(solo5_handle_t handle)
{
    const struct mft_entry *entry = bindings_device(handle, MFT_DEV_NET_BASIC);

    return entry && (size_t)entry->u.net_basic.mtu + SOLO5_NET_HLEN <= PLACE_SIZE;
}

/* Each device has places of its own, so that one that is never read takes nothing from the others. */
static void share_places(void)
{
    size_t count = 0;

    for (solo5_handle_t handle = 1; handle < MFT_MAX_ENTRIES && count < READ_PLACES; handle++)
        if (fits(handle)) {
            nets |= UINT64_C(1) << handle;
            count++;
        }
    share = READ_PLACES / (count > 0 ? count : 1);
}

void ring_open(const struct hvt_boot_info *info)
{
    const uint32_t needed = HVT_FEATURE_NET_RING | HVT_FEATURE_BATCH;

    /* Older tenders have something else in place of these fields, but never both. */
    if ((info->host_features & needed) != needed || info->net_ring == 0)
        return;
    ring = (volatile struct hvt_ring *)(uintptr_t)info->net_ring;
    data = (struct places *)(uintptr_t)(info->net_ring + HVT_RING_ROOM);
}

bool ring_is_open(void)
{
    return ring != NULL;
}

/* The devices are known only after the tender's boot information has been read. */
bool ring_has_net(solo5_handle_t handle)
{
    if (ring && share == 0)
        share_places();
    return (nets >> handle & 1) != 0;
}

static void submit(uint32_t op, uint64_t handle, const void *bytes, size_t size, uint64_t offset, uint32_t id)
{
    volatile struct hvt_ring_entry *entry = &ring->entries[ring->ent_tail % HVT_RING_ENTRIES];

    entry->op = op;
    entry->handle = (uint32_t)handle;
    entry->data = (uintptr_t)bytes;
    entry->len = (uint32_t)size;
    entry->id = id;
    entry->offset = offset;
    ring->ent_tail++;
}

static void submit_writes(void)
{
    for (uint32_t at = write_first; at != write_end; at++) {
        uint32_t place = at % WRITE_PLACES;
        submit(HVT_RING_NET_WRITE, writes[place].handle, data->writes[place], writes[place].size, 0,
               KIND_WRITE | place);
    }
}

/* Asks for as many frames of HANDLE as it has places left. */
static void submit_reads(solo5_handle_t handle)
{
    const struct mft_entry *entry = bindings_device(handle, MFT_DEV_NET_BASIC);
    size_t taken = 0;

    for (uint32_t i = 0; i < READ_PLACES; i++)
        taken += reads[i].state != READ_FREE && reads[i].handle == handle;
    for (uint32_t i = 0; i < READ_PLACES && taken < share; i++) {
        if (reads[i].state != READ_FREE)
            continue;
        reads[i] = (struct read_place){READ_ASKED, (uint8_t)handle, 0, 0};
        submit(HVT_RING_NET_READ, handle, data->reads[i], (size_t)entry->u.net_basic.mtu + SOLO5_NET_HLEN, 0,
               KIND_READ | i);
        taken++;
    }
}

static void take_read(const struct hvt_ring_commit *commit)
{
    struct read_place *place = &reads[(commit->id & PLACE_MASK) % READ_PLACES];
    solo5_handle_set_t bit = UINT64_C(1) << place->handle;

    if (commit->ret == SOLO5_R_OK) {
        *place = (struct read_place){READ_FULL, place->handle, (uint16_t)commit->len, read_order++};
        return;
    }
    place->state = READ_FREE;
    drained |= bit;
    if (commit->ret != SOLO5_R_AGAIN)
        failed |= bit;
}

/* What has left, or could not at all, is gone; the first that the host has no room for stays, and all that
 * are behind it: in one round the tender takes none of them. */
static void take_write(const struct hvt_ring_commit *commit, bool *blocked)
{
    if (commit->ret == SOLO5_R_AGAIN)
        *blocked = true;
    if (!*blocked)
        write_first++;
}

static void take_commits(void)
{
    bool blocked = false;

    while (commits_seen != ring->com_tail) {
        volatile struct hvt_ring_commit *from = &ring->commits[commits_seen++ % HVT_RING_ENTRIES];
        const struct hvt_ring_commit commit = {from->id, from->ret, from->len, 0};
        if ((commit.id & KIND_MASK) == KIND_READ)
            take_read(&commit);
        else if ((commit.id & KIND_MASK) == KIND_BLOCK)
            blocks[commit.id & PLACE_MASK].result = (solo5_result_t)commit.ret;
        else
            take_write(&commit, &blocked);
    }
    ring->com_head = commits_seen;
}

static void kick(void)
{
    __asm__ volatile("outl %0, %w1" : : "a"(0), "d"(HVT_PORT_KICK) : "memory");
    take_commits();
}

void ring_flush(void)
{
    if (write_first == write_end)
        return;
    submit_writes();
    kick();
}

void ring_hold(bool hold)
{
    held = hold;
}

enum ring_answer ring_net_write(solo5_handle_t handle, const void *frame, size_t size)
{
    bool keep = held && ring_has_net(handle);
    uint32_t place;

    /* Frames that are still here are older than this one. */
    if (!keep || write_end - write_first == WRITE_PLACES)
        ring_flush();
    if (write_end - write_first >= (keep ? WRITE_PLACES : 1))
        return RING_FULL;
    if (!keep)
        return RING_PASSES;
    place = write_end++ % WRITE_PLACES;
    writes[place] = (struct write_place){(uint8_t)handle, (uint16_t)size};
    __builtin_memcpy(data->writes[place], frame, size);
    return RING_KEEPS;
}

/* The oldest frame of HANDLE that was read ahead, or NULL. */
static struct read_place *find_frame(solo5_handle_t handle)
{
    struct read_place *oldest = NULL;

    for (uint32_t i = 0; i < READ_PLACES; i++)
        if (reads[i].state == READ_FULL && reads[i].handle == handle &&
            (!oldest || (int32_t)(reads[i].order - oldest->order) < 0))
            oldest = &reads[i];
    return oldest;
}

solo5_result_t ring_net_read(solo5_handle_t handle, void *frame, size_t *size)
{
    solo5_handle_set_t bit = UINT64_C(1) << handle;
    struct read_place *place = find_frame(handle);

    if (!place && !(drained & bit)) {
        submit_writes();
        submit_reads(handle);
        kick();
        place = find_frame(handle);
    }
    if (place) {
        *size = place->size;
        __builtin_memcpy(frame, data->reads[place - reads], place->size);
        place->state = READ_FREE;
        return SOLO5_R_OK;
    }
    /* True once: who asks again without waiting wants to know of what has come since. */
    drained &= ~bit;
    if (failed & bit) {
        failed &= ~bit;
        return SOLO5_R_EUNSPEC;
    }
    return SOLO5_R_AGAIN;
}

bool ring_has_frames(void)
{
    for (uint32_t i = 0; i < READ_PLACES; i++)
        if (reads[i].state == READ_FULL)
            return true;
    return failed != 0;
}

void ring_before_wait(void)
{
    drained = 0;
    submit_writes();
    for (solo5_handle_t handle = 1; handle < MFT_MAX_ENTRIES; handle++)
        if (ring_has_net(handle))
            submit_reads(handle);
}

solo5_handle_set_t ring_after_wait(void)
{
    solo5_handle_set_t ready = failed;

    if (!ring)
        return 0;
    take_commits();
    for (uint32_t i = 0; i < READ_PLACES; i++)
        if (reads[i].state == READ_FULL)
            ready |= UINT64_C(1) << reads[i].handle;
    return ready;
}

void ring_block_batch(struct bivy_block_request *requests, size_t count)
{
    while (count > 0) {
        size_t round = count < BLOCKS_MAX ? count : BLOCKS_MAX;
        blocks = requests;
        submit_writes();
        for (size_t i = 0; i < round; i++)
            submit(requests[i].write ? HVT_RING_BLOCK_WRITE : HVT_RING_BLOCK_READ, requests[i].handle,
                   requests[i].data, requests[i].size, requests[i].offset, KIND_BLOCK | (uint32_t)i);
        kick();
        requests += round;
        count -= round;
    }
}
