/* The ring without a machine: what its entries may name, how far a round goes, and what a hostile guest's
 * indices do. */
#define _GNU_SOURCE
#include "tests/check.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bivy/abi/hvt.h"
#include "solo5.h"
#include "tender/common/events.h"
#include "tender/common/message.h"
#include "tender/hvt/hvt.h"

#define SIZE     0x20000u /* guest memory, the ring behind it not counted */
#define FIRST    0x1000u
#define FIXED    0x4000u
#define BUFFER   0x8000u
#define NET      1u
#define BLOCK    2u
#define CAPACITY 4096u

struct fixture {
    struct hvt hvt;
    struct message message;
    uint8_t memory[SIZE];
    struct hvt_ring ring;
    int peer;
};

static int open_guest(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    int ends[2];
    memset(f, 0, sizeof *f);
    *state = f;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    f->peer = ends[0];
    f->hvt.memory = (struct guest_memory){.host = f->memory, .first = FIRST, .size = SIZE, .fixed_count = 1};
    f->hvt.memory.fixed[0].start = FIXED;
    f->hvt.memory.fixed[0].end = FIXED + 0x1000;
    f->hvt.manifest.entries = 3;
    f->hvt.manifest.e[NET] =
        (struct mft_entry){.type = MFT_DEV_NET_BASIC, .b.hostfd = ends[1], .attached = 1};
    f->hvt.manifest.e[BLOCK] = (struct mft_entry){.type = MFT_DEV_BLOCK_BASIC, .attached = 1};
    f->hvt.manifest.e[BLOCK].u.block_basic = (struct mft_block_basic){CAPACITY, 512};
    f->hvt.manifest.e[BLOCK].b.hostfd = memfd_create("disk", MFD_CLOEXEC);
    assert_int_equal(ftruncate(f->hvt.manifest.e[BLOCK].b.hostfd, CAPACITY), 0);
    ring_open(&f->hvt, &f->ring);
    return events_open(&f->hvt.manifest, &f->hvt.epoll, &f->message);
}

static int close_guest(void **state)
{
    struct fixture *f = *state;
    close(f->peer);
    close(f->hvt.epoll);
    close(f->hvt.manifest.e[NET].b.hostfd);
    close(f->hvt.manifest.e[BLOCK].b.hostfd);
    return 0;
}

static void submit(struct fixture *f, uint32_t op, uint32_t handle, uint64_t data, uint32_t size,
                   uint64_t offset)
{
    struct hvt_ring_entry *entry = &f->ring.entries[f->ring.ent_tail % HVT_RING_ENTRIES];
    *entry = (struct hvt_ring_entry){op, handle, data, size, f->ring.ent_tail, offset};
    f->ring.ent_tail++;
}

/* The next commit's answer; the id must be that of the request. */
static int32_t commit(struct fixture *f, uint32_t *size)
{
    assert_int_not_equal(f->ring.com_head, f->ring.com_tail);
    const struct hvt_ring_commit *at = &f->ring.commits[f->ring.com_head % HVT_RING_ENTRIES];
    assert_int_equal(at->id, f->ring.com_head);
    f->ring.com_head++;
    if (size != NULL)
        *size = at->len;
    return at->ret;
}

static void serve(struct fixture *f, enum ring_end end)
{
    assert_true(ring_serve(&f->hvt, end, &f->message));
}

static void test_one_round_serves_all(void **state)
{
    struct fixture *f = *state;
    uint32_t size = 9;
    memset(f->memory + BUFFER, 'x', 512);
    assert_int_equal(f->ring.needs_kick, 1);
    assert_int_equal(send(f->peer, "frame", 5, 0), 5);
    submit(f, HVT_RING_NET_WRITE, NET, BUFFER, 60, 0);
    submit(f, HVT_RING_BLOCK_WRITE, BLOCK, BUFFER, 512, 1024);
    submit(f, HVT_RING_BLOCK_READ, BLOCK, BUFFER + 512, 512, 1024);
    submit(f, HVT_RING_NET_READ, NET, BUFFER + 1024, 100, 0);
    submit(f, HVT_RING_NET_READ, NET, BUFFER + 1024, 100, 0);
    serve(f, RING_ALL);
    assert_int_equal(f->ring.ent_head, 5);
    for (int i = 0; i < 4; i++)
        assert_int_equal(commit(f, &size), SOLO5_R_OK);
    assert_int_equal(size, 5);
    assert_int_equal(commit(f, &size), SOLO5_R_AGAIN);
    assert_memory_equal(f->memory + BUFFER + 1024, "frame", 5);
    assert_memory_equal(f->memory + BUFFER, f->memory + BUFFER + 512, 512);
    char frame[100];
    assert_int_equal(recv(f->peer, frame, sizeof frame, 0), 60);
}

static void test_a_round_before_waiting_ends_at_the_first_read(void **state)
{
    struct fixture *f = *state;
    submit(f, HVT_RING_NET_WRITE, NET, BUFFER, 60, 0);
    submit(f, HVT_RING_NET_READ, NET, BUFFER, 100, 0);
    submit(f, HVT_RING_NET_WRITE, NET, BUFFER, 60, 0);
    serve(f, RING_UP_TO_READ);
    assert_int_equal(f->ring.ent_head, 1);
    assert_int_equal(f->ring.com_tail, 1);
    serve(f, RING_ALL);
    assert_int_equal(f->ring.com_tail, 3);
}

/* What was full stays full for the round, or a later frame would come before an earlier one. */
static void test_a_full_device_keeps_the_order(void **state)
{
    struct fixture *f = *state;
    char frame[2048];
    while (send(f->hvt.manifest.e[NET].b.hostfd, frame, sizeof frame, MSG_DONTWAIT) > 0)
        ;
    submit(f, HVT_RING_NET_WRITE, NET, BUFFER, 2048, 0);
    submit(f, HVT_RING_NET_WRITE, NET, BUFFER, 14, 0);
    serve(f, RING_ALL);
    assert_true(f->hvt.ring.blocked);
    assert_int_equal(commit(f, NULL), SOLO5_R_AGAIN);
    assert_int_equal(commit(f, NULL), SOLO5_R_AGAIN);
    while (recv(f->peer, frame, sizeof frame, MSG_DONTWAIT) > 0)
        ;
    submit(f, HVT_RING_NET_WRITE, NET, BUFFER, 2048, 0);
    serve(f, RING_ALL);
    assert_false(f->hvt.ring.blocked);
    assert_int_equal(commit(f, NULL), SOLO5_R_OK);
}

static void test_wrong_requests_are_answered(void **state)
{
    struct fixture *f = *state;
    const struct {
        uint32_t op, handle, size;
        uint64_t data, offset;
    } wrong[] = {
        {HVT_RING_NET_WRITE, NET, 60, SIZE - 59, 0},
        {HVT_RING_NET_WRITE, NET, 60, 0, 0},
        {HVT_RING_NET_WRITE, NET, UINT32_MAX, BUFFER, 0},
        {HVT_RING_NET_WRITE, NET, 60, UINT64_MAX, 0},
        {HVT_RING_NET_WRITE, BLOCK, 60, BUFFER, 0},
        {HVT_RING_NET_WRITE, 0, 60, BUFFER, 0},
        {HVT_RING_NET_WRITE, 64, 60, BUFFER, 0},
        {HVT_RING_NET_READ, UINT32_MAX, 60, BUFFER, 0},
        {HVT_RING_NET_READ, NET, 60, FIXED, 0},
        {HVT_RING_NET_READ, NET, 60, FIXED - 1, 0},
        {HVT_RING_BLOCK_READ, NET, 512, BUFFER, 0},
        {HVT_RING_BLOCK_READ, BLOCK, 512, FIXED, 0},
        {HVT_RING_BLOCK_READ, BLOCK, 512, BUFFER, CAPACITY},
        {HVT_RING_BLOCK_WRITE, BLOCK, 512, BUFFER, UINT64_MAX - 511},
        {HVT_RING_BLOCK_WRITE, BLOCK, 512, SIZE - 511, 0},
        {0, NET, 60, BUFFER, 0},
        {3, NET, 60, BUFFER, 0},
        {UINT32_MAX, NET, 60, BUFFER, 0},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        submit(f, wrong[i].op, wrong[i].handle, wrong[i].data, wrong[i].size, wrong[i].offset);
    serve(f, RING_ALL);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(commit(f, NULL), SOLO5_R_EINVAL);
    char frame[100];
    assert_int_equal(recv(f->peer, frame, sizeof frame, 0), -1);
}

static void test_the_guest_s_copies_of_the_tender_s_indices_mean_nothing(void **state)
{
    struct fixture *f = *state;
    submit(f, HVT_RING_NET_WRITE, NET, BUFFER, 60, 0);
    f->ring.ent_head = 0x1234;
    f->ring.com_tail = 0x5678;
    serve(f, RING_ALL);
    assert_int_equal(f->ring.ent_head, 1);
    assert_int_equal(f->ring.com_tail, 1);
}

static void test_a_full_ring_is_served_and_wraps(void **state)
{
    struct fixture *f = *state;
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < HVT_RING_ENTRIES; i++)
            submit(f, HVT_RING_BLOCK_WRITE, BLOCK, BUFFER, 512, 0);
        serve(f, RING_ALL);
        for (uint32_t i = 0; i < HVT_RING_ENTRIES; i++)
            assert_int_equal(commit(f, NULL), SOLO5_R_OK);
    }
}

static void test_more_requests_than_room_end_the_guest(void **state)
{
    struct fixture *f = *state;
    f->ring.ent_tail = HVT_RING_ENTRIES + 1;
    assert_false(ring_serve(&f->hvt, RING_ALL, &f->message));
    assert_true(f->message.size > 0);
    f->ring.ent_tail = UINT32_MAX; /* one before the tender's own */
    assert_false(ring_serve(&f->hvt, RING_UP_TO_READ, &f->message));
}

static void test_no_ring_is_nothing_to_do(void **state)
{
    struct fixture *f = *state;
    f->hvt.ring.shared = NULL;
    f->ring.ent_tail = UINT32_MAX;
    serve(f, RING_ALL);
    assert_int_equal(f->ring.ent_head, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_guest, close_guest)
    const struct CMUnitTest tests[] = {
        TEST(test_one_round_serves_all),
        TEST(test_a_round_before_waiting_ends_at_the_first_read),
        TEST(test_a_full_device_keeps_the_order),
        TEST(test_wrong_requests_are_answered),
        TEST(test_the_guest_s_copies_of_the_tender_s_indices_mean_nothing),
        TEST(test_a_full_ring_is_served_and_wraps),
        TEST(test_more_requests_than_room_end_the_guest),
        TEST(test_no_ring_is_nothing_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
