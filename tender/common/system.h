/*
 * system.h: the system calls that the tenders make, by name.
 *
 * Each returns 0 or a result, or a negative errno. Only these are used: what a tender can do before its
 * guest runs is read off this list.
 */
#ifndef TENDER_COMMON_SYSTEM_H
#define TENDER_COMMON_SYSTEM_H

#include <fcntl.h>
#include <linux/time_types.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "tender/x86_64/syscall.h"

static inline int system_open(const char *path, int flags)
{
    return (int)syscall_do(SYS_openat, AT_FDCWD, (long)path, flags, 0, 0, 0);
}

static inline int system_close(int fd)
{
    return (int)syscall_do(SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline int system_close_range(unsigned first, unsigned last)
{
    return (int)syscall_do(SYS_close_range, first, last, 0, 0, 0, 0);
}

static inline long system_write(int fd, const void *data, size_t size)
{
    return syscall_do(SYS_write, fd, (long)data, (long)size, 0, 0, 0);
}

static inline long system_read(int fd, void *to, size_t size)
{
    return syscall_do(SYS_read, fd, (long)to, (long)size, 0, 0, 0);
}

static inline long system_pread(int fd, void *to, size_t size, uint64_t offset)
{
    return syscall_do(SYS_pread64, fd, (long)to, (long)size, (long)offset, 0, 0);
}

static inline long system_pwrite(int fd, const void *data, size_t size, uint64_t offset)
{
    return syscall_do(SYS_pwrite64, fd, (long)data, (long)size, (long)offset, 0, 0);
}

static inline int64_t system_seek(int fd, int64_t offset, int whence)
{
    return syscall_do(SYS_lseek, fd, offset, whence, 0, 0, 0);
}

static inline int system_fcntl(int fd, int command, long argument)
{
    return (int)syscall_do(SYS_fcntl, fd, command, argument, 0, 0, 0);
}

static inline int system_ioctl(int fd, unsigned long request, void *argument)
{
    return (int)syscall_do(SYS_ioctl, fd, (long)request, (long)argument, 0, 0, 0);
}

static inline int system_socket(int domain, int type, int protocol)
{
    return (int)syscall_do(SYS_socket, domain, type, protocol, 0, 0, 0);
}

static inline long system_getrandom(void *to, size_t size)
{
    return syscall_do(SYS_getrandom, (long)to, (long)size, 0, 0, 0, 0);
}

/* STATUS is struct statx. */
static inline int system_statx(int fd, unsigned mask, void *status)
{
    const int empty_path = 0x1000; /* AT_EMPTY_PATH: FD itself */
    return (int)syscall_do(SYS_statx, fd, (long)"", empty_path, mask, (long)status, 0);
}

/* Returns 0 once [ADDRESS, ADDRESS + SIZE) is mapped; FLAGS must fix the address. */
static inline int system_map(uint64_t address, size_t size, int protection, int flags, int fd,
                             uint64_t offset)
{
    long result = syscall_do(SYS_mmap, (long)address, (long)size, protection, flags, fd, (long)offset);
    if (result < 0 && result > -4096)
        return (int)result;
    return (uint64_t)result == address ? 0 : -17; /* EEXIST: an old kernel took the address for a hint */
}

static inline int system_unmap(uint64_t address, size_t size)
{
    return (int)syscall_do(SYS_munmap, (long)address, (long)size, 0, 0, 0, 0);
}

static inline int system_protect(uint64_t address, size_t size, int protection)
{
    return (int)syscall_do(SYS_mprotect, (long)address, (long)size, protection, 0, 0, 0);
}

static inline int system_advise(uint64_t address, size_t size, int advice)
{
    return (int)syscall_do(SYS_madvise, (long)address, (long)size, advice, 0, 0, 0);
}

static inline int system_prctl(int option, unsigned long argument)
{
    return (int)syscall_do(SYS_prctl, option, (long)argument, 0, 0, 0, 0);
}

/* EVENTS is struct epoll_event[COUNT], TIMEOUT struct __kernel_timespec. */
static inline int system_epoll_wait(int epoll, void *events, int count, const void *timeout)
{
    return (int)syscall_do(SYS_epoll_pwait2, epoll, (long)events, count, (long)timeout, 0, 0);
}

/* Nanoseconds since 1970. The kernel is asked: the vdso's pages need not be there. */
static inline uint64_t system_wall_clock(void)
{
    struct __kernel_timespec now = {0, 0};
    syscall_do(SYS_clock_gettime, 0 /* CLOCK_REALTIME */, (long)&now, 0, 0, 0, 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Nanoseconds that never step. */
static inline uint64_t system_monotonic_clock(void)
{
    struct __kernel_timespec now = {0, 0};
    syscall_do(SYS_clock_gettime, 1 /* CLOCK_MONOTONIC */, (long)&now, 0, 0, 0, 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline void system_exit(int status) __attribute__((noreturn));
static inline void system_exit(int status)
{
    for (;;)
        syscall_do(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

#endif
