/* confine.c: see confine.h. */
#define _GNU_SOURCE
#include "tender/common/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tender/common/message.h"
#include "tender/common/system.h"

int confine_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (system_fcntl(fd, F_GETFD, 0) >= 0)
            continue;
        int opened = system_open("/dev/null", O_RDWR);
        if (opened != fd)
            return opened < 0 ? opened : -EBADF;
    }
    return 0;
}

/* What the kernel takes, which is not the C library's struct sigaction. */
struct kernel_sigaction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};

static int ignore_sigpipe(void)
{
    struct kernel_sigaction action = {.handler = SIG_IGN};
    return (int)syscall_do(SYS_rt_sigaction, SIGPIPE, (long)&action, 0, sizeof action.mask, 0, 0);
}

static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};
    return (int)syscall_do(SYS_capset, (long)&header, (long)none, 0, 0, 0, 0);
}

static int forbid_core(void)
{
    struct rlimit none = {0, 0};
    return (int)syscall_do(SYS_prlimit64, 0, RLIMIT_CORE, (long)&none, 0, 0, 0);
}

/* Asked for here, where there is still a way to say so; the filter itself comes last of all. */
static int seccomp_is_there(void)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return (int)syscall_do(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, (long)&action, 0, 0, 0);
}

int confine_privileges(bool ignore_pipe, struct message *message)
{
    int result = seccomp_is_there();
    if (result != 0)
        return message_fail(message, result, "Could not confine the guest", "seccomp");
    result = system_prctl(PR_SET_NO_NEW_PRIVS, 1);
    if (result != 0)
        return message_fail(message, result, "Could not confine the guest", "no_new_privs");
    result = forbid_core();
    if (result != 0)
        return message_fail(message, result, "Could not confine the guest", "core limit");
    result = drop_capabilities();
    if (result != 0)
        return message_fail(message, result, "Could not confine the guest", "capabilities");
    result = ignore_pipe ? ignore_sigpipe() : 0;
    if (result != 0)
        return message_fail(message, result, "Could not confine the guest", "SIGPIPE");
    return 0;
}

size_t confine_kept(int kept[static CONFINE_MAX_KEPT], const struct image_manifest *manifest, int epoll,
                    int other)
{
    size_t count = 0;
    kept[count++] = 1;
    kept[count++] = epoll;
    kept[count++] = other;
    for (uint32_t i = 1; i < manifest->entries; i++)
        if (manifest->e[i].attached)
            kept[count++] = manifest->e[i].b.hostfd;
    return count;
}

/* Insertion: a handful of numbers, nearly sorted. */
static void sort(int *numbers, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        int moving = numbers[i];
        size_t place = i;
        for (; place > 0 && numbers[place - 1] > moving; place--)
            numbers[place] = numbers[place - 1];
        numbers[place] = moving;
    }
}

int confine_close_others(int *kept, size_t count)
{
    unsigned next = 0;
    sort(kept, count);
    for (size_t i = 0; i < count; i++) {
        unsigned fd = (unsigned)kept[i];
        int result = fd > next ? system_close_range(next, fd - 1) : 0;
        if (result != 0)
            return result;
        next = fd + 1;
    }
    return system_close_range(next, ~0u);
}
