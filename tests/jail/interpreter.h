/* interpreter.h: runs a seccomp program on made-up system calls, so that tests can try all of them. */
#ifndef TESTS_JAIL_INTERPRETER_H
#define TESTS_JAIL_INTERPRETER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

#define INTERPRETER_BROKEN 0xffffffffu /* the program is not valid: no such return value exists */

/* What the kernel would do with DATA: a SECCOMP_RET_ value, or INTERPRETER_BROKEN. */
uint32_t interpreter_run(const struct sock_filter *code, size_t count, const struct seccomp_data *data);

#endif
