/* The VM tender's filter, run on every system call number and around every argument's edge. */
#include "tests/check.h"

#include <linux/audit.h>
#include <sys/syscall.h>

#include "tender/common/options.h"
#include "tender/hvt/jail.h"
#include "tests/jail/interpreter.h"

enum { EPOLL = 4, PROCESSOR = 5, NET = 7, BLOCK = 9 };

static struct filter filter;

static void build(unsigned debug)
{
    static struct filter_rule rules[JAIL_MAX_RULES];
    static struct hvt hvt = {.epoll = EPOLL, .manifest.entries = 4};
    const struct kvm kvm = {.processor = PROCESSOR};
    hvt.debug = debug;
    hvt.manifest.e[1] = (struct mft_entry){.type = MFT_DEV_NET_BASIC, .b.hostfd = NET, .attached = 1};
    hvt.manifest.e[2] = (struct mft_entry){.type = MFT_DEV_BLOCK_BASIC, .b.hostfd = BLOCK, .attached = 1};
    size_t count = jail_rules(rules, &hvt, &kvm); /* the third device is not attached: descriptor 0 */
    assert_in_range(count, 1, JAIL_MAX_RULES);
    assert_int_equal(filter_build(&filter, rules, count), 0);
}

static int allows(uint32_t arch, long number, uint64_t a0, uint64_t a1)
{
    struct seccomp_data data = {.nr = (int)number, .arch = arch, .args = {a0, a1, 0, 0, 0, 0}};
    uint32_t action = interpreter_run(filter.code, filter.count, &data);
    assert_true(action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_KILL_PROCESS);
    return action == SECCOMP_RET_ALLOW;
}

static int specified(long number, uint64_t a0, uint64_t a1)
{
    switch (number) {
    case SYS_exit_group:
        return 1;
    case SYS_write:
        return a0 == 1 || a0 == 2 || a0 == NET;
    case SYS_read:
        return a0 == NET;
    case SYS_pread64:
    case SYS_pwrite64:
        return a0 == BLOCK;
    case SYS_epoll_pwait2:
        return a0 == EPOLL;
    case SYS_clock_gettime:
        return a0 == 0;
    case SYS_ioctl:
        return a0 == PROCESSOR && (a1 == KVM_RUN || a1 == KVM_GET_REGS || a1 == KVM_GET_SREGS);
    default:
        return 0;
    }
}

static void only_what_serving_a_guest_needs_is_allowed(void **state)
{
    static const uint64_t requests[] = {0,
                                        KVM_RUN,
                                        KVM_GET_REGS,
                                        KVM_GET_SREGS,
                                        KVM_SET_REGS,
                                        KVM_SET_SREGS,
                                        KVM_SET_USER_MEMORY_REGION,
                                        KVM_RUN | 1ull << 32};
    (void)state;
    build(0);
    for (long number = 0; number < 600; number++)
        for (uint64_t a0 = 0; a0 < 20; a0++)
            for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
                uint64_t high = a0 | 1ull << 32;
                assert_int_equal(allows(AUDIT_ARCH_X86_64, number, a0, requests[i]),
                                 specified(number, a0, requests[i]));
                assert_int_equal(allows(AUDIT_ARCH_X86_64, number, high, requests[i]),
                                 specified(number, high, requests[i]));
                assert_false(allows(AUDIT_ARCH_X86_64, number | 0x40000000, a0, requests[i]));
                assert_false(allows(AUDIT_ARCH_I386, number, a0, requests[i]));
            }
}

static void a_debugger_s_calls_are_allowed_only_with_one(void **state)
{
    (void)state;
    build(OPTIONS_DEBUG_STOPS);
    assert_true(allows(AUDIT_ARCH_X86_64, SYS_ioctl, PROCESSOR, KVM_SET_REGS));
    assert_true(allows(AUDIT_ARCH_X86_64, SYS_ioctl, PROCESSOR, KVM_SET_GUEST_DEBUG));
    assert_false(allows(AUDIT_ARCH_X86_64, SYS_ioctl, PROCESSOR, KVM_SET_SREGS));
    assert_false(allows(AUDIT_ARCH_X86_64, SYS_clock_gettime, 1, 0));
    build(OPTIONS_DEBUG_CALLS);
    assert_false(allows(AUDIT_ARCH_X86_64, SYS_ioctl, PROCESSOR, KVM_SET_REGS));
    assert_true(allows(AUDIT_ARCH_X86_64, SYS_clock_gettime, 1, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_what_serving_a_guest_needs_is_allowed),
                                       cmocka_unit_test(a_debugger_s_calls_are_allowed_only_with_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
