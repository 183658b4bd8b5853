/* The filter of several manifests, run on every system call number and around every argument's edge. */
#include "tests/check.h"

#include <linux/audit.h>
#include <string.h>
#include <sys/syscall.h>

#include "tender/spt/rules.h"
#include "tests/jail/interpreter.h"

enum { EPOLL = 4, TIMER = 5 };

static struct image_manifest manifest;
static struct filter filter;

static void add_net(int fd)
{
    manifest.e[manifest.entries++] =
        (struct mft_entry){.type = MFT_DEV_NET_BASIC, .b.hostfd = fd, .attached = 1};
}

static void add_block(int fd, uint64_t capacity, uint16_t block_size)
{
    struct mft_entry entry = {.type = MFT_DEV_BLOCK_BASIC, .b.hostfd = fd, .attached = 1};
    entry.u.block_basic = (struct mft_block_basic){capacity, block_size};
    manifest.e[manifest.entries++] = entry;
}

static void begin(void)
{
    memset(&manifest, 0, sizeof manifest);
    manifest.entries = 1;
}

static void build(void)
{
    struct filter_rule rules[RULES_MAX];
    size_t count = rules_make(rules, &manifest, EPOLL, TIMER);
    assert_true(count <= RULES_MAX);
    assert_int_equal(filter_build(&filter, rules, count), 0);
}

static int allows(uint32_t arch, long number, uint64_t a0, uint64_t a2, uint64_t a3)
{
    struct seccomp_data data = {.nr = (int)number, .arch = arch, .args = {a0, 0, a2, a3, 0, 0}};
    uint32_t action = interpreter_run(filter.code, filter.count, &data);
    assert_true(action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_KILL_PROCESS);
    return action == SECCOMP_RET_ALLOW;
}

static int ok(long number, uint64_t a0, uint64_t a2, uint64_t a3)
{
    return allows(AUDIT_ARCH_X86_64, number, a0, a2, a3);
}

/* Whether a guest with net devices NETS (a bit per descriptor) may make this call, by the specification. */
static int specified(long number, uint64_t a0, uint64_t nets)
{
    int is_net = a0 < 64 && (nets >> a0 & 1);
    switch (number) {
    case SYS_exit_group:
        return 1;
    case SYS_write:
        return a0 == 1 || is_net;
    case SYS_read:
        return is_net;
    case SYS_arch_prctl:
        return a0 == 0x1002;
    case SYS_epoll_pwait:
        return a0 == EPOLL;
    case SYS_timerfd_settime:
        return a0 == TIMER;
    case SYS_clock_gettime:
        return a0 == 0 || a0 == 1;
    default:
        return 0;
    }
}

/* Every number, with every small first argument, and the same with bits that a 32-bit compare would miss. */
static void check_all_numbers(uint64_t nets)
{
    for (long number = 0; number < 600; number++) {
        for (uint64_t a0 = 0; a0 < 20; a0++) {
            assert_int_equal(ok(number, a0, 0, 0), specified(number, a0, nets));
            uint64_t high = a0 | 1ull << 32;
            assert_int_equal(ok(number, high, 0, 0), specified(number, high, nets));
            assert_false(ok(number | 0x40000000, a0, 0, 0));
            assert_false(allows(AUDIT_ARCH_I386, number, a0, 0, 0));
        }
        assert_int_equal(ok(number, 0x1002, 0, 0), specified(number, 0x1002, nets));
        assert_int_equal(ok(number, 0x1001, 0, 0), specified(number, 0x1001, nets));
        assert_int_equal(ok(number, UINT64_MAX, 0, 0), specified(number, UINT64_MAX, nets));
    }
}

static void a_guest_without_devices_has_console_clock_and_timer(void **state)
{
    (void)state;
    begin();
    build();
    check_all_numbers(0);
}

static void a_net_device_may_be_read_and_written(void **state)
{
    (void)state;
    begin();
    add_net(7);
    build();
    check_all_numbers(1u << 7);
}

static void each_net_device_has_its_own_rules(void **state)
{
    (void)state;
    begin();
    for (int fd = 6; fd < 18; fd += 2)
        add_net(fd);
    build();
    check_all_numbers(0x15540);
}

static void check_block(long number, uint64_t fd, uint64_t capacity, uint64_t size)
{
    const uint64_t last = capacity - size;
    assert_true(ok(number, fd, size, 0));
    assert_true(ok(number, fd, size, last));
    assert_false(ok(number, fd, size, last + 1));
    assert_false(ok(number, fd, size, last + size));
    assert_false(ok(number, fd, size, UINT64_MAX));
    assert_false(ok(number, fd, size, last | 1ull << 63));
    assert_false(ok(number, fd, size - 1, 0));
    assert_false(ok(number, fd, size + 1, 0));
    assert_false(ok(number, fd, size | 1ull << 32, 0));
    assert_false(ok(number, fd, 0, 0));
    assert_false(ok(number, fd + 1, size, 0));
    assert_false(ok(number, fd | 1ull << 32, size, 0));
}

static void a_block_device_takes_whole_blocks_within_its_capacity(void **state)
{
    (void)state;
    static const struct {
        uint64_t capacity;
        uint16_t size;
    } disks[] = {{512, 512}, {1 << 20, 512}, {1ull << 33, 4096}, {(1ull << 40) + 32768, 32768}};
    for (size_t i = 0; i < sizeof disks / sizeof disks[0]; i++) {
        begin();
        add_block(9, disks[i].capacity, disks[i].size);
        build();
        check_block(SYS_pread64, 9, disks[i].capacity, disks[i].size);
        check_block(SYS_pwrite64, 9, disks[i].capacity, disks[i].size);
        check_all_numbers(0);
    }
}

static void devices_that_are_not_attached_have_no_rules(void **state)
{
    (void)state;
    begin();
    add_net(7);
    add_block(9, 512, 512);
    manifest.e[1].attached = manifest.e[2].attached = 0;
    build();
    assert_false(ok(SYS_pread64, 9, 512, 0));
    check_all_numbers(0);
}

static void the_largest_manifest_still_has_a_filter(void **state)
{
    (void)state;
    begin();
    for (int fd = 6; manifest.entries < MFT_MAX_ENTRIES; fd++)
        add_block(fd, 1 << 20, 512);
    build();
    for (uint64_t fd = 6; fd < 69; fd++)
        assert_true(ok(SYS_pwrite64, fd, 512, (1 << 20) - 512));
    assert_false(ok(SYS_pwrite64, 69, 512, 0));
    assert_true(ok(SYS_exit_group, 0, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_without_devices_has_console_clock_and_timer),
        cmocka_unit_test(a_net_device_may_be_read_and_written),
        cmocka_unit_test(each_net_device_has_its_own_rules),
        cmocka_unit_test(a_block_device_takes_whole_blocks_within_its_capacity),
        cmocka_unit_test(devices_that_are_not_attached_have_no_rules),
        cmocka_unit_test(the_largest_manifest_still_has_a_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
