/*
 * syscall.h: the system call instruction, for a program without libc.
 *
 * A call returns what the kernel returns: a negative errno is a failure. The same code runs in the hosted
 * library that the tests link, so that what is tested is what runs.
 */
#ifndef TENDER_X86_64_SYSCALL_H
#define TENDER_X86_64_SYSCALL_H

static inline long syscall_do(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#endif
