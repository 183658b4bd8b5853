/*
 * call.h: how a system call of the C library is answered here.
 *
 * Each is a function of its own, posix_call_NAME, which takes what the kernel's call of that name takes and
 * returns what that returns: a negative errno for a failure. Whoever links none of a family has none of it in
 * the image. The comment above each says what it does; one that begins with "Partial:" says what it leaves
 * out, and docs/posix.md is made of these comments (document.py).
 */
#ifndef LIBOS_POSIX_CALL_H
#define LIBOS_POSIX_CALL_H

#include <errno.h>
#include <solo5.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define POSIX_CALL(name, ...)                                                                                \
    long posix_call_##name(__VA_ARGS__);                                                                     \
    long posix_call_##name(__VA_ARGS__)

#endif
