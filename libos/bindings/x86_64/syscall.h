/*
 * syscall.h: the Linux system calls that a process guest may make, on x86-64.
 *
 * Exactly the numbers that a tender's filter allows (Solo5 ABI facts, section 3). Each returns what
 * the kernel returns: a negative errno after a failure.
 */
#ifndef BINDINGS_X86_64_SYSCALL_H
#define BINDINGS_X86_64_SYSCALL_H

#include <stdint.h>

enum syscall_number {
    SYSCALL_READ = 0,
    SYSCALL_WRITE = 1,
    SYSCALL_PREAD64 = 17,
    SYSCALL_PWRITE64 = 18,
    SYSCALL_ARCH_PRCTL = 158,
    SYSCALL_CLOCK_GETTIME = 228,
    SYSCALL_EXIT_GROUP = 231,
    SYSCALL_EPOLL_PWAIT = 281,
    SYSCALL_TIMERFD_SETTIME = 286
};

#define SYSCALL_ARCH_SET_FS 0x1002 /* the only operation of arch_prctl that the filter allows */

#define SYSCALL_EINTR  4
#define SYSCALL_EAGAIN 11

static inline int64_t syscall6(enum syscall_number number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                               uint64_t e, uint64_t f)
{
    int64_t result;
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    register uint64_t r9 __asm__("r9") = f;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"((int64_t)number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static inline int64_t syscall4(enum syscall_number number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    int64_t result;
    register uint64_t r10 __asm__("r10") = d;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"((int64_t)number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}

static inline int64_t syscall3(enum syscall_number number, uint64_t a, uint64_t b, uint64_t c)
{
    int64_t result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"((int64_t)number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

/* The time-stamp counter: the only unpredictable value there is before the first call. */
static inline uint64_t cpu_cycles(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

#endif
