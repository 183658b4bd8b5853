/*
 * jail.c: see jail.h.
 *
 * The filter is the wall; the namespaces are a second one, for a kernel whose filter fails, and so are taken
 * only as far as the host lets an ordinary user take them.
 */
#define _GNU_SOURCE
#include "tender/hvt/jail.h"

#include <errno.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/resource.h>

#include "tender/common/confine.h"
#include "tender/common/message.h"
#include "tender/common/options.h"
#include "tender/common/system.h"

#define FD(number, fd) FILTER_ALLOW_IF(number, {.argument = 0, .test = FILTER_EQUAL, .value = (uint64_t)(fd)})
#define FD_IOCTL(fd, request)                                                                                \
    FILTER_ALLOW_IF(SYS_ioctl, {.argument = 0, .test = FILTER_EQUAL, .value = (uint64_t)(fd)},               \
                    {.argument = 1, .test = FILTER_EQUAL, .value = (request)})

static size_t add_fixed(struct filter_rule *rules, const struct hvt *hvt, const struct kvm *kvm)
{
    const struct filter_rule fixed[] = {
        FD_IOCTL(kvm->processor, KVM_RUN),
        FD(SYS_epoll_pwait2, hvt->epoll),
        FD(SYS_write, 1),
        FD(SYS_write, 2),
        FILTER_ALLOW(SYS_exit_group),
        FD_IOCTL(kvm->processor, KVM_GET_REGS),
        FD_IOCTL(kvm->processor, KVM_GET_SREGS),
        FILTER_ALLOW_IF(SYS_clock_gettime, {.argument = 0, .test = FILTER_EQUAL, .value = 0}),
    };
    __builtin_memcpy(rules, fixed, sizeof fixed);
    return sizeof fixed / sizeof fixed[0];
}

/* Only with --debug: what a debugger needs is not in the jail of any other run. */
static size_t add_debug(struct filter_rule *rules, const struct hvt *hvt, const struct kvm *kvm)
{
    const struct filter_rule stops[] = {FD_IOCTL(kvm->processor, KVM_SET_REGS),
                                        FD_IOCTL(kvm->processor, KVM_SET_GUEST_DEBUG)};
    const struct filter_rule calls[] = {
        FILTER_ALLOW_IF(SYS_clock_gettime, {.argument = 0, .test = FILTER_EQUAL, .value = 1})};
    size_t count = 0;
    for (size_t i = 0; (hvt->debug & OPTIONS_DEBUG_STOPS) && i < 2; i++)
        rules[count++] = stops[i];
    if (hvt->debug & OPTIONS_DEBUG_CALLS)
        rules[count++] = calls[0];
    return count;
}

size_t jail_rules(struct filter_rule rules[static JAIL_MAX_RULES], const struct hvt *hvt,
                  const struct kvm *kvm)
{
    size_t count = add_fixed(rules, hvt, kvm);
    count += add_debug(rules + count, hvt, kvm);
    for (uint32_t i = 1; i < hvt->manifest.entries; i++) {
        const struct mft_entry *entry = &hvt->manifest.e[i];
        bool block = entry->type == MFT_DEV_BLOCK_BASIC;
        if (!entry->attached)
            continue;
        rules[count++] = (struct filter_rule)FD(block ? SYS_pread64 : SYS_read, entry->b.hostfd);
        rules[count++] = (struct filter_rule)FD(block ? SYS_pwrite64 : SYS_write, entry->b.hostfd);
    }
    return count;
}

/* An empty file system of the tender's own as its root; every step may be forbidden on this host. */
static void leave_file_system(void)
{
    int context = (int)syscall_do(SYS_fsopen, (long)"tmpfs", FSOPEN_CLOEXEC, 0, 0, 0, 0);
    if (context < 0)
        return;
    syscall_do(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0, 0);
    int mount = (int)syscall_do(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY, 0, 0, 0);
    if (mount >= 0 && syscall_do(SYS_fchdir, mount, 0, 0, 0, 0, 0) == 0)
        syscall_do(SYS_chroot, (long)".", 0, 0, 0, 0, 0);
    system_close(mount);
    system_close(context);
}

static void leave_namespaces(void)
{
    /* Processes are namespaced by who starts the tender (host/spawn.h): KVM makes a thread of it at the first
     * entry, and a process whose children belong elsewhere can have none. */
    const long own = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    if (syscall_do(SYS_unshare, CLONE_NEWUSER | own, 0, 0, 0, 0, 0) != 0)
        syscall_do(SYS_unshare, own, 0, 0, 0, 0, 0);
    leave_file_system();
}

/* No access by any path, to no port and to no socket by name, as far as this kernel's Landlock goes. */
static void leave_paths(void)
{
    static const struct {
        long version;
        uint64_t files, network, scoped;
        size_t size;
    } known[] = {{6, 0xffff, 3, 3, 24}, {5, 0xffff, 3, 0, 16}, {4, 0x7fff, 3, 0, 16},
                 {3, 0x7fff, 0, 0, 8},  {2, 0x3fff, 0, 0, 8},  {1, 0x1fff, 0, 0, 8}};
    long version = syscall_do(SYS_landlock_create_ruleset, 0, 0, 1 /* tell the version */, 0, 0, 0);
    for (size_t i = 0; version > 0 && i < sizeof known / sizeof known[0]; i++) {
        if (version < known[i].version)
            continue;
        const uint64_t rights[] = {known[i].files, known[i].network, known[i].scoped};
        int rules =
            (int)syscall_do(SYS_landlock_create_ruleset, (long)rights, (long)known[i].size, 0, 0, 0, 0);
        if (rules >= 0)
            syscall_do(SYS_landlock_restrict_self, rules, 0, 0, 0, 0, 0);
        system_close(rules);
        return;
    }
}

/* What is open stays; nothing more can be. */
static int forbid_descriptors(void)
{
    const struct {
        uint64_t now, most;
    } none = {0, 0};
    return (int)syscall_do(SYS_prlimit64, 0, RLIMIT_NOFILE, (long)&none, 0, 0, 0);
}

static size_t list_kept(int *kept, const struct hvt *hvt, const struct kvm *kvm)
{
    size_t count = confine_kept(kept, &hvt->manifest, hvt->epoll, kvm->processor);
    kept[count++] = 2;
    return count;
}

static int install_filter(const struct hvt *hvt, const struct kvm *kvm)
{
    static struct filter_rule rules[JAIL_MAX_RULES];
    static struct filter filter;
    int result = filter_build(&filter, rules, jail_rules(rules, hvt, kvm));
    const struct sock_fprog program = {(unsigned short)filter.count, filter.code};
    if (result != 0)
        return result;
    return (int)syscall_do(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, (long)&program, 0,
                           0, 0);
}

int jail_close(const struct hvt *hvt, const struct kvm *kvm, struct message *message)
{
    int kept[CONFINE_MAX_KEPT + 1];
    leave_namespaces();
    int result = confine_close_others(kept, list_kept(kept, hvt, kvm));
    if (result != 0)
        return message_fail(message, result, "Could not close other descriptors", "close_range");
    result = confine_privileges(true, message);
    if (result != 0)
        return result;
    leave_paths();
    result = forbid_descriptors();
    if (result != 0)
        return message_fail(message, result, "Could not confine the tender", "limit of descriptors");
    result = install_filter(hvt, kvm);
    return result == 0 ? 0 : message_fail(message, result, "Could not confine the tender", "seccomp");
}
