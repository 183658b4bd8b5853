/*
 * fuzz_hypercall.c: any sequence of hypercalls and requests in the ring: the tender must answer each or end
 * the guest, and touch nothing but the guest's memory.
 *
 * The input is a row of calls, each a number, an address and the words to put there. Some numbers are no
 * calls but what a guest does to its ring: an entry, a kick, an index that is written over. Guest memory is a
 * block of its own, so that the sanitizer sees a byte too many; what is read-only in it must stay as it was.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bivy/abi/hvt.h"
#include "tender/common/events.h"
#include "tender/common/message.h"
#include "tender/hvt/hvt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE      0x4000u
#define FIRST     0x400u
#define FIXED     0x1000u
#define FIXED_END 0x2000u

struct call {
    uint32_t number;
    uint32_t address;
    uint64_t words[5];
};

enum { RING_SUBMIT = 9, RING_KICK, RING_TAIL, RING_HOST_INDICES };

static struct hvt hvt;
static struct message message;
static int peer;

/* In memory of its own, and no larger than it is, for the sanitizer's sake. */
static struct hvt_ring *ring;

static void open_devices(void)
{
    int ends[2], console = open("/dev/null", O_WRONLY);
    if (console < 0 || dup2(console, 1) != 1 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) != 0)
        abort();
    close(console);
    peer = ends[0];
    hvt.manifest.entries = 4;
    hvt.manifest.e[1] = (struct mft_entry){.type = MFT_DEV_NET_BASIC, .b.hostfd = ends[1], .attached = 1};
    hvt.manifest.e[2] = (struct mft_entry){.type = MFT_DEV_BLOCK_BASIC, .attached = 1};
    hvt.manifest.e[2].u.block_basic = (struct mft_block_basic){65536, 512};
    hvt.manifest.e[2].b.hostfd = memfd_create("disk", 0);
    hvt.manifest.e[3].type = MFT_DEV_NET_BASIC;
    if (ftruncate(hvt.manifest.e[2].b.hostfd, 65536) != 0 ||
        events_open(&hvt.manifest, &hvt.epoll, &message) != 0)
        abort();
}

/* The peer sends every frame back, so that there is something to read. */
static void echo(void)
{
    char frame[2048];
    ssize_t size;
    while ((size = recv(peer, frame, sizeof frame, MSG_DONTWAIT)) > 0)
        send(peer, frame, (size_t)size, MSG_DONTWAIT);
}

static enum hvt_next serve(struct call *call)
{
    size_t room;
    if (call->number % 16 == HVT_HYPERCALL_POLL)
        call->words[0] %= 1000; /* nanoseconds: the fuzzer does not wait */
    if (call->address >= FIRST && call->address < SIZE) {
        room = SIZE - call->address < sizeof call->words ? SIZE - call->address : sizeof call->words;
        if (call->address + room <= FIXED || call->address >= FIXED_END)
            memcpy(hvt.memory.host + call->address, call->words, room);
    } else if (call->number % 16 == HVT_HYPERCALL_POLL) {
        return HVT_BROKEN;
    }
    return hypercall_serve(&hvt, call->number % 16, call->address, &message);
}

static enum hvt_next serve_ring(const struct call *call)
{
    const struct hvt_ring_entry entry = {(uint32_t)call->words[0],
                                         (uint32_t)call->words[1],
                                         call->words[2],
                                         (uint32_t)call->words[3],
                                         call->address,
                                         call->words[4]};
    switch (call->number % 16) {
    case RING_SUBMIT:
        ring->entries[ring->ent_tail++ % HVT_RING_ENTRIES] = entry;
        return HVT_CONTINUE;
    case RING_TAIL:
        ring->ent_tail = (uint32_t)call->words[0];
        break;
    case RING_HOST_INDICES:
        ring->ent_head = (uint32_t)call->words[0];
        ring->com_tail = (uint32_t)call->words[1];
        return HVT_CONTINUE;
    }
    return ring_serve(&hvt, call->address % 2 == 0 ? RING_ALL : RING_UP_TO_READ, &message) ? HVT_CONTINUE
                                                                                           : HVT_BROKEN;
}

static enum hvt_next serve_any(struct call *call)
{
    uint32_t number = call->number % 16;
    return number >= RING_SUBMIT && number <= RING_HOST_INDICES ? serve_ring(call) : serve(call);
}

static void check_fixed(const uint8_t *memory)
{
    for (size_t i = FIXED; i < FIXED_END; i++)
        if (memory[i] != 0x5a)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct call call;
    uint8_t *memory = calloc(1, SIZE);
    ring = calloc(1, sizeof *ring);
    if (memory == NULL || ring == NULL)
        abort();
    if (hvt.epoll == 0)
        open_devices();
    memset(memory + FIXED, 0x5a, FIXED_END - FIXED);
    hvt.memory = (struct guest_memory){.host = memory, .first = FIRST, .size = SIZE, .fixed_count = 1};
    hvt.memory.fixed[0].start = FIXED;
    hvt.memory.fixed[0].end = FIXED_END;
    ring_open(&hvt, ring);
    for (enum hvt_next next = HVT_CONTINUE; next == HVT_CONTINUE && size >= sizeof call;
         data += sizeof call, size -= sizeof call) {
        memcpy(&call, data, sizeof call);
        /* Most addresses near the memory, so that most calls are not refused at once. */
        if (call.address % 8 != 7)
            call.address %= SIZE + 64;
        next = serve_any(&call);
        echo();
    }
    check_fixed(memory);
    free(ring);
    free(memory);
    return 0;
}
