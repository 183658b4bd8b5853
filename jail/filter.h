/*
 * filter.h: builds a seccomp program from a table of allowed system calls.
 *
 * Freestanding, and a pure function of its input, so that the tests can run every program it makes
 * through an interpreter. What no rule allows kills the process. Rules are tried in the order of the
 * first rule of each system call: put the frequent calls first. Numbers of other architectures, the x32
 * ones included, never match a rule.
 */
#ifndef JAIL_FILTER_H
#define JAIL_FILTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_MAX_CONDITIONS   3u
#define FILTER_MAX_INSTRUCTIONS 4096u /* the kernel's limit */
#define FILTER_MAX_ERROR        4095u /* the kernel cuts larger errno values */

enum filter_test {
    FILTER_EQUAL = 1, /* argument == value */
    FILTER_AT_MOST,   /* argument <= value, unsigned */
    FILTER_MASKED     /* (argument & mask) == value */
};

/* A condition on all 64 bits of one argument. */
struct filter_condition {
    uint8_t argument; /* 0..5 */
    uint8_t test;     /* enum filter_test */
    uint64_t value;
    uint64_t mask; /* for FILTER_MASKED */
};

/* One allowed system call; several rules for one number are alternatives. */
struct filter_rule {
    uint32_t number;          /* __NR_* */
    uint16_t error;           /* 0: the call is allowed; else it is not made and fails with this errno */
    uint16_t condition_count; /* 0..FILTER_MAX_CONDITIONS; all must hold */
    struct filter_condition conditions[FILTER_MAX_CONDITIONS];
};

/* Shorthands for tables. */
#define FILTER_ALLOW(nr)                                                                                     \
    {                                                                                                        \
        .number = (nr)                                                                                       \
    }
#define FILTER_FAIL(nr, errno_value)                                                                         \
    {                                                                                                        \
        .number = (nr), .error = (errno_value)                                                               \
    }
#define FILTER_ALLOW_IF(nr, ...)                                                                             \
    {                                                                                                        \
        .number = (nr),                                                                                      \
        .condition_count =                                                                                   \
            sizeof((struct filter_condition[]){__VA_ARGS__}) / sizeof(struct filter_condition),              \
        .conditions = {                                                                                      \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }

struct filter {
    size_t count; /* instructions in use */
    struct sock_filter code[FILTER_MAX_INSTRUCTIONS];
};

/*
 * Fills FILTER. Returns 0, -EINVAL for a rule that means nothing (unknown test, argument above 5, too
 * many conditions, a number that no system call of this machine has), or -E2BIG if the program would be
 * larger than the kernel takes.
 */
int filter_build(struct filter *filter, const struct filter_rule *rules, size_t count);

#endif
