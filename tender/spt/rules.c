/* rules.c: see rules.h. */
#include "tender/spt/rules.h"

#include <sys/syscall.h>
#include <time.h>

#include "tender/spt/x86_64/machine.h"

static struct filter_condition equal(uint8_t argument, uint64_t value)
{
    return (struct filter_condition){argument, FILTER_EQUAL, value, 0};
}

static struct filter_rule rule_with(uint32_t number, struct filter_condition condition)
{
    return (struct filter_rule){.number = number, .condition_count = 1, .conditions = {condition}};
}

static struct filter_rule rule_for_descriptor(uint32_t number, int fd)
{
    return rule_with(number, equal(0, (uint64_t)fd));
}

/* Whole blocks within the capacity: a guest cannot grow the file behind its device. */
static struct filter_rule rule_for_block(uint32_t number, const struct mft_entry *entry)
{
    const struct mft_block_basic *block = &entry->u.block_basic;
    return (struct filter_rule){
        .number = number,
        .condition_count = 3,
        .conditions = {equal(0, (uint64_t)entry->b.hostfd),
                       equal(2, block->block_size),
                       {3, FILTER_AT_MOST, block->capacity - block->block_size, 0}},
    };
}

static size_t add_devices(struct filter_rule *rules, const struct image_manifest *manifest, uint32_t type)
{
    size_t count = 0;
    for (uint32_t i = 1; i < manifest->entries; i++) {
        const struct mft_entry *entry = &manifest->e[i];
        if (!entry->attached || entry->type != type)
            continue;
        if (type == MFT_DEV_NET_BASIC) {
            rules[count++] = rule_for_descriptor(SYS_read, entry->b.hostfd);
            rules[count++] = rule_for_descriptor(SYS_write, entry->b.hostfd);
        } else {
            rules[count++] = rule_for_block(SYS_pread64, entry);
            rules[count++] = rule_for_block(SYS_pwrite64, entry);
        }
    }
    return count;
}

/* The frequent calls come first. */
size_t rules_make(struct filter_rule rules[static RULES_MAX], const struct image_manifest *manifest,
                  int epoll, int timer)
{
    size_t count = add_devices(rules, manifest, MFT_DEV_NET_BASIC);
    rules[count++] = rule_for_descriptor(SYS_epoll_pwait, epoll);
    rules[count++] = rule_for_descriptor(SYS_timerfd_settime, timer);
    rules[count++] = rule_with(SYS_clock_gettime, equal(0, CLOCK_MONOTONIC));
    rules[count++] = rule_with(SYS_clock_gettime, equal(0, CLOCK_REALTIME));
    count += add_devices(rules + count, manifest, MFT_DEV_BLOCK_BASIC);
    rules[count++] = rule_for_descriptor(SYS_write, 1);
    rules[count++] = rule_with(RULES_TLS_CALL, equal(0, RULES_TLS_SET));
    rules[count++] = (struct filter_rule)FILTER_ALLOW(SYS_exit_group);
    return count;
}
