/* Hypercalls without a machine: which memory a guest may name, and what its devices answer. */
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

#define SIZE       0x10000u
#define FIRST      0x1000u
#define FIXED      0x4000u
#define FIXED_END  0x6000u
#define ARGUMENTS  0x2000u
#define BUFFER     0x8000u
#define NET_HANDLE 1u
#define BLOCK      2u
#define CAPACITY   4096u

struct fixture {
    struct hvt hvt;
    struct message message;
    uint8_t memory[SIZE];
    int peer; /* the other end of the network device */
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
    f->hvt.memory.fixed[0].end = FIXED_END;
    f->hvt.manifest.entries = 4;
    f->hvt.manifest.e[NET_HANDLE] =
        (struct mft_entry){.type = MFT_DEV_NET_BASIC, .b.hostfd = ends[1], .attached = 1};
    f->hvt.manifest.e[BLOCK] = (struct mft_entry){.type = MFT_DEV_BLOCK_BASIC, .attached = 1};
    f->hvt.manifest.e[BLOCK].u.block_basic = (struct mft_block_basic){CAPACITY, 512};
    f->hvt.manifest.e[BLOCK].b.hostfd = memfd_create("disk", MFD_CLOEXEC);
    f->hvt.manifest.e[3].type = MFT_DEV_NET_BASIC; /* not attached */
    assert_int_equal(ftruncate(f->hvt.manifest.e[BLOCK].b.hostfd, CAPACITY), 0);
    return events_open(&f->hvt.manifest, &f->hvt.epoll, &f->message);
}

static int close_guest(void **state)
{
    struct fixture *f = *state;
    close(f->peer);
    close(f->hvt.epoll);
    close(f->hvt.manifest.e[NET_HANDLE].b.hostfd);
    close(f->hvt.manifest.e[BLOCK].b.hostfd);
    return 0;
}

static enum hvt_next serve(struct fixture *f, uint32_t number, const void *arguments, size_t size)
{
    memcpy(f->memory + ARGUMENTS, arguments, size);
    return hypercall_serve(&f->hvt, number, ARGUMENTS, &f->message);
}

static int32_t transfer(struct fixture *f, uint32_t number, uint64_t handle, uint64_t offset, uint64_t data,
                        uint64_t size)
{
    struct hvt_block_io io = {handle, offset, data, size, -1};
    assert_int_equal(serve(f, number, &io, sizeof io), HVT_CONTINUE);
    memcpy(&io, f->memory + ARGUMENTS, sizeof io);
    return io.ret;
}

static struct hvt_net_io net(struct fixture *f, uint32_t number, uint64_t handle, uint64_t data,
                             uint64_t size)
{
    struct hvt_net_io io = {handle, data, size, -1};
    assert_int_equal(serve(f, number, &io, sizeof io), HVT_CONTINUE);
    memcpy(&io, f->memory + ARGUMENTS, sizeof io);
    return io;
}

static void a_guest_names_its_own_memory_to_the_last_byte(void **state)
{
    const struct guest_memory *memory = &((struct fixture *)*state)->hvt.memory;
    assert_non_null(guest_memory_at(memory, FIRST, SIZE - FIRST));
    assert_non_null(guest_memory_at(memory, SIZE, 0));
    assert_null(guest_memory_at(memory, SIZE, 1));
    assert_null(guest_memory_at(memory, FIRST - 1, 1));
    assert_null(guest_memory_at(memory, SIZE - 1, 2));
    assert_null(guest_memory_at(memory, SIZE + 1, 0));
    assert_null(guest_memory_at(memory, UINT64_MAX, 1));
    assert_null(guest_memory_at(memory, UINT64_MAX, 0));
    assert_null(guest_memory_at(memory, FIRST, UINT64_MAX));
}

static void what_is_fixed_cannot_be_written(void **state)
{
    const struct guest_memory *memory = &((struct fixture *)*state)->hvt.memory;
    assert_non_null(guest_memory_writable_at(memory, FIXED - 1, 1));
    assert_non_null(guest_memory_writable_at(memory, FIXED_END, 1));
    assert_null(guest_memory_writable_at(memory, FIXED - 1, 2));
    assert_null(guest_memory_writable_at(memory, FIXED, 1));
    assert_null(guest_memory_writable_at(memory, FIXED_END - 1, 1));
    assert_null(guest_memory_writable_at(memory, FIRST, SIZE - FIRST));
    assert_non_null(guest_memory_at(memory, FIXED, FIXED_END - FIXED));
}

static void blocks_end_with_the_capacity(void **state)
{
    struct fixture *f = *state;
    memset(f->memory + BUFFER, 7, 512);
    assert_int_equal(transfer(f, HVT_HYPERCALL_BLOCK_WRITE, BLOCK, CAPACITY - 512, BUFFER, 512), SOLO5_R_OK);
    assert_int_equal(transfer(f, HVT_HYPERCALL_BLOCK_READ, BLOCK, CAPACITY - 512, BUFFER + 512, 512),
                     SOLO5_R_OK);
    assert_int_equal(f->memory[BUFFER + 1023], 7);
    assert_int_equal(transfer(f, HVT_HYPERCALL_BLOCK_READ, BLOCK, CAPACITY - 511, BUFFER, 512),
                     SOLO5_R_EINVAL);
    assert_int_equal(transfer(f, HVT_HYPERCALL_BLOCK_READ, BLOCK, CAPACITY, BUFFER, 0), SOLO5_R_EINVAL);
    assert_int_equal(transfer(f, HVT_HYPERCALL_BLOCK_READ, BLOCK, UINT64_MAX, BUFFER, 512), SOLO5_R_EINVAL);
    assert_int_equal(transfer(f, HVT_HYPERCALL_BLOCK_READ, BLOCK, 0, FIXED, 512), SOLO5_R_EINVAL);
    assert_int_equal(transfer(f, HVT_HYPERCALL_BLOCK_WRITE, BLOCK, 0, FIXED, 512), SOLO5_R_OK);
    assert_int_equal(transfer(f, HVT_HYPERCALL_BLOCK_WRITE, BLOCK, 0, SIZE - 511, 512), SOLO5_R_EINVAL);
}

static void a_disk_that_fails_is_the_guest_s_to_notice(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ftruncate(f->hvt.manifest.e[BLOCK].b.hostfd, 100), 0);
    assert_int_equal(transfer(f, HVT_HYPERCALL_BLOCK_READ, BLOCK, 512, BUFFER, 512), SOLO5_R_EUNSPEC);
}

static void frames_come_and_go(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[100] = {1, 2, 3};
    assert_int_equal(net(f, HVT_HYPERCALL_NET_READ, NET_HANDLE, BUFFER, 2000).ret, SOLO5_R_AGAIN);
    assert_int_equal(send(f->peer, frame, sizeof frame, 0), sizeof frame);
    struct hvt_net_io io = net(f, HVT_HYPERCALL_NET_READ, NET_HANDLE, BUFFER, 2000);
    assert_int_equal(io.ret, SOLO5_R_OK);
    assert_int_equal(io.len, sizeof frame);
    assert_memory_equal(f->memory + BUFFER, frame, sizeof frame);
    assert_int_equal(net(f, HVT_HYPERCALL_NET_WRITE, NET_HANDLE, BUFFER, 60).ret, SOLO5_R_OK);
    assert_int_equal(recv(f->peer, frame, sizeof frame, 0), 60);
}

static void a_full_queue_is_a_matter_of_time(void **state)
{
    struct fixture *f = *state;
    int32_t result = SOLO5_R_OK;
    for (int i = 0; i < 100000 && result == SOLO5_R_OK; i++)
        result = net(f, HVT_HYPERCALL_NET_WRITE, NET_HANDLE, BUFFER, 60).ret;
    assert_int_equal(result, SOLO5_R_AGAIN);
}

static void handles_are_those_of_the_manifest(void **state)
{
    struct fixture *f = *state;
    static const uint64_t others[] = {0, BLOCK, 3, 4, 63, 64, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(net(f, HVT_HYPERCALL_NET_WRITE, others[i], BUFFER, 60).ret, SOLO5_R_EINVAL);
    assert_int_equal(net(f, HVT_HYPERCALL_NET_WRITE, 1ull << 32 | NET_HANDLE, BUFFER, 60).ret, SOLO5_R_OK);
}

static void poll_names_who_is_ready(void **state)
{
    struct fixture *f = *state;
    struct hvt_poll poll = {0, 99, 99};
    assert_int_equal(serve(f, HVT_HYPERCALL_POLL, &poll, sizeof poll), HVT_CONTINUE);
    memcpy(&poll, f->memory + ARGUMENTS, sizeof poll);
    assert_int_equal(poll.ready_set, 0);
    assert_int_equal(poll.ret, 0);
    assert_int_equal(send(f->peer, "x", 1, 0), 1);
    poll.timeout_nsecs = UINT64_MAX;
    assert_int_equal(serve(f, HVT_HYPERCALL_POLL, &poll, sizeof poll), HVT_CONTINUE);
    memcpy(&poll, f->memory + ARGUMENTS, sizeof poll);
    assert_int_equal(poll.ready_set, 1u << NET_HANDLE);
    assert_int_equal(poll.ret, 1);
}

static void halt_carries_a_status_and_perhaps_a_trap(void **state)
{
    struct fixture *f = *state;
    struct hvt_halt halt = {0, 0x107};
    message_begin(&f->message, "");
    assert_int_equal(serve(f, HVT_HYPERCALL_HALT, &halt, sizeof halt), HVT_HALTED);
    assert_int_equal(f->hvt.exit_status, 7);
    assert_string_equal(f->message.text, "");
    halt.cookie = SIZE - 8; /* cannot be read: no reason to end otherwise */
    assert_int_equal(serve(f, HVT_HYPERCALL_HALT, &halt, sizeof halt), HVT_HALTED);
    assert_string_equal(f->message.text, "");
    halt.cookie = BUFFER;
    assert_int_equal(serve(f, HVT_HYPERCALL_HALT, &halt, sizeof halt), HVT_HALTED);
    assert_string_equal(f->message.text, "the guest trapped: rip=0x0 rsp=0x0 cr2=0x0 error=0x0");
}

static void calls_that_are_none_end_the_guest(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(hypercall_serve(&f->hvt, 0, ARGUMENTS, &f->message), HVT_BROKEN);
    assert_int_equal(hypercall_serve(&f->hvt, 9, ARGUMENTS, &f->message), HVT_BROKEN);
    assert_int_equal(hypercall_serve(&f->hvt, UINT32_MAX, ARGUMENTS, &f->message), HVT_BROKEN);
    assert_int_equal(hypercall_serve(&f->hvt, HVT_HYPERCALL_WALLTIME, SIZE - 7, &f->message), HVT_BROKEN);
    assert_int_equal(hypercall_serve(&f->hvt, HVT_HYPERCALL_WALLTIME, FIXED, &f->message), HVT_BROKEN);
    assert_int_equal(hypercall_serve(&f->hvt, HVT_HYPERCALL_WALLTIME, SIZE - 8, &f->message), HVT_CONTINUE);
}

#define GUEST_TEST(name) cmocka_unit_test_setup_teardown(name, open_guest, close_guest)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(a_guest_names_its_own_memory_to_the_last_byte),
        GUEST_TEST(what_is_fixed_cannot_be_written),
        GUEST_TEST(blocks_end_with_the_capacity),
        GUEST_TEST(a_disk_that_fails_is_the_guest_s_to_notice),
        GUEST_TEST(frames_come_and_go),
        GUEST_TEST(a_full_queue_is_a_matter_of_time),
        GUEST_TEST(handles_are_those_of_the_manifest),
        GUEST_TEST(poll_names_who_is_ready),
        GUEST_TEST(halt_carries_a_status_and_perhaps_a_trap),
        GUEST_TEST(calls_that_are_none_end_the_guest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
