/*
 * filter.c: from rules to BPF instructions; see filter.h.
 *
 * The program: refuse other architectures, refuse x32, then one group a system call:
 *
 *     if the number is not the group's, go on behind the group
 *     each rule: its conditions, each leaving the rule if it does not hold; the rule's action
 *     kill
 *
 * The accumulator holds the number whenever a group begins, because no group that was entered is left.
 */
#include "jail/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>

#include "jail/x86_64/machine.h"

#define DATA(field)    ((uint32_t)offsetof(struct seccomp_data, field))
#define MAX_SHORT_JUMP 255u

/* Adds an instruction; past the limit only counts, so that the caller can see it. */
static void filter_add(struct filter *filter, uint16_t code, uint32_t k, size_t if_true, size_t if_false)
{
    if (filter->count < FILTER_MAX_INSTRUCTIONS)
        filter->code[filter->count] = (struct sock_filter){code, (uint8_t)if_true, (uint8_t)if_false, k};
    filter->count++;
}

static void filter_add_load(struct filter *filter, uint32_t offset)
{
    filter_add(filter, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void filter_add_return(struct filter *filter, uint32_t action)
{
    filter_add(filter, BPF_RET | BPF_K, action, 0, 0);
}

/* Where the two halves of an argument lie: little-endian, low half first. */
static uint32_t argument_low(unsigned argument)
{
    return DATA(args) + argument * (uint32_t)sizeof(uint64_t);
}

static uint32_t argument_high(unsigned argument)
{
    return argument_low(argument) + (uint32_t)sizeof(uint32_t);
}

static size_t condition_length(const struct filter_condition *condition)
{
    switch (condition->test) {
    case FILTER_EQUAL:
        return 4;
    case FILTER_AT_MOST:
        return 5;
    default:
        return 6;
    }
}

/* AFTER: instructions of the rule behind this condition, its action included. */
static void filter_add_condition(struct filter *filter, const struct filter_condition *condition,
                                 size_t after)
{
    uint32_t high = (uint32_t)(condition->value >> 32), low = (uint32_t)condition->value;
    size_t leave = condition_length(condition) + after; /* from before the first instruction */
    filter_add_load(filter, argument_high(condition->argument));
    switch (condition->test) {
    case FILTER_EQUAL:
        filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, high, 0, leave - 2);
        filter_add_load(filter, argument_low(condition->argument));
        filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, low, 0, leave - 4);
        break;
    case FILTER_AT_MOST:
        filter_add(filter, BPF_JMP | BPF_JGT | BPF_K, high, leave - 2, 0);
        filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, high, 0, 2); /* a smaller high half decides */
        filter_add_load(filter, argument_low(condition->argument));
        filter_add(filter, BPF_JMP | BPF_JGT | BPF_K, low, leave - 5, 0);
        break;
    default:
        filter_add(filter, BPF_ALU | BPF_AND | BPF_K, (uint32_t)(condition->mask >> 32), 0, 0);
        filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, high, 0, leave - 3);
        filter_add_load(filter, argument_low(condition->argument));
        filter_add(filter, BPF_ALU | BPF_AND | BPF_K, (uint32_t)condition->mask, 0, 0);
        filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, low, 0, leave - 6);
    }
}

static size_t rule_length(const struct filter_rule *rule)
{
    size_t length = 1;
    for (size_t i = 0; i < rule->condition_count; i++)
        length += condition_length(&rule->conditions[i]);
    return length;
}

static void filter_add_rule(struct filter *filter, const struct filter_rule *rule)
{
    size_t left = rule_length(rule);
    for (size_t i = 0; i < rule->condition_count; i++) {
        left -= condition_length(&rule->conditions[i]);
        filter_add_condition(filter, &rule->conditions[i], left);
    }
    filter_add_return(filter, rule->error == 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | rule->error);
}

static bool rule_is_valid(const struct filter_rule *rule)
{
    if (rule->number >= FILTER_FOREIGN_NUMBERS || rule->condition_count > FILTER_MAX_CONDITIONS ||
        rule->error > FILTER_MAX_ERROR)
        return false;
    for (size_t i = 0; i < rule->condition_count; i++)
        if (rule->conditions[i].argument > 5 || rule->conditions[i].test < FILTER_EQUAL ||
            rule->conditions[i].test > FILTER_MASKED)
            return false;
    return true;
}

/* Whether an earlier rule has the same number: then its group holds this one too. */
static bool rule_is_grouped(const struct filter_rule *rules, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (rules[i].number == rules[index].number)
            return true;
    return false;
}

static void filter_add_group(struct filter *filter, const struct filter_rule *rules, size_t first,
                             size_t count)
{
    uint32_t number = rules[first].number;
    size_t length = 1; /* the final kill */
    for (size_t i = first; i < count; i++)
        if (rules[i].number == number)
            length += rule_length(&rules[i]);
    if (length <= MAX_SHORT_JUMP) {
        filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, number, 0, length);
    } else {
        filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, number, 1, 0);
        filter_add(filter, BPF_JMP | BPF_JA, (uint32_t)length, 0, 0);
    }
    for (size_t i = first; i < count; i++)
        if (rules[i].number == number)
            filter_add_rule(filter, &rules[i]);
    filter_add_return(filter, SECCOMP_RET_KILL_PROCESS);
}

int filter_build(struct filter *filter, const struct filter_rule *rules, size_t count)
{
    filter->count = 0;
    filter_add_load(filter, DATA(arch));
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCHITECTURE, 1, 0);
    filter_add_return(filter, SECCOMP_RET_KILL_PROCESS);
    filter_add_load(filter, DATA(nr));
    filter_add(filter, BPF_JMP | BPF_JGE | BPF_K, FILTER_FOREIGN_NUMBERS, 0, 1);
    filter_add_return(filter, SECCOMP_RET_KILL_PROCESS);
    for (size_t i = 0; i < count; i++) {
        if (!rule_is_valid(&rules[i]))
            return -EINVAL;
        if (!rule_is_grouped(rules, i))
            filter_add_group(filter, rules, i, count);
    }
    filter_add_return(filter, SECCOMP_RET_KILL_PROCESS);
    return filter->count <= FILTER_MAX_INSTRUCTIONS ? 0 : -E2BIG;
}
