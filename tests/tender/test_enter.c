/*
 * The last steps, in a child: what is mapped afterwards is seen from outside, with and without mappings
 * that the kernel refuses to remove.
 */
#define _GNU_SOURCE
#include "tests/check.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bivy/abi/spt.h"
#include "tender/common/message.h"
#include "tender/spt/enter.h"
#include "tender/spt/memory.h"

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

#define MEMORY_END 0x200000u
#define SEALED     0x300000000000u

/* A guest: writes one byte to descriptor 1 from its own code, then sleeps in pause(). */
static const uint8_t guest[] = {
    0xb8, 0x01, 0x00, 0x00, 0x00,                   /* mov $1, %eax (write) */
    0xbf, 0x01, 0x00, 0x00, 0x00,                   /* mov $1, %edi */
    0xbe, 0x00, 0x00, 0x10, 0x00,                   /* mov $0x100000, %esi */
    0xba, 0x01, 0x00, 0x00, 0x00,                   /* mov $1, %edx */
    0x0f, 0x05,                                     /* syscall */
    0xb8, 0x22, 0x00, 0x00, 0x00, 0x0f, 0x05,       /* mov $34, %eax (pause); syscall */
    0xb8, 0xe7, 0x00, 0x00, 0x00, 0x31, 0xff, 0x0f, /* exit_group(0) */
    0x05,
};

static struct filter filter;

/* Fills FILTER with COUNT rules beyond the two that the guest needs. */
static void make_filter(size_t count)
{
    static struct filter_rule rules[300];
    rules[0] = (struct filter_rule)FILTER_ALLOW(SYS_write);
    rules[1] = (struct filter_rule)FILTER_ALLOW(SYS_pause);
    for (size_t i = 0; i < count; i++)
        rules[2 + i] = (struct filter_rule)FILTER_ALLOW_IF(SYS_read, {0, FILTER_EQUAL, i, 0});
    assert_int_equal(filter_build(&filter, rules, 2 + count), 0);
}

static void run_guest(int console, int sealed)
{
    struct message message;
    struct enter enter = {0x100000, MEMORY_END, &filter};
    if (dup2(console, 1) != 1 || memory_map(MEMORY_END, false, &message) != 0)
        syscall(SYS_exit_group, 90);
    memcpy((void *)0x100000, guest, sizeof guest);
    if (mprotect((void *)0x100000, 4096, PROT_READ | PROT_EXEC) != 0)
        syscall(SYS_exit_group, 91);
    if (sealed) {
        void *page = mmap((void *)SEALED, 3 * 4096, PROT_READ,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (page != (void *)SEALED || syscall(SYS_mseal, SEALED + 4096, 4096, 0) != 0)
            syscall(SYS_exit_group, 92);
    }
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    /* The C library has the kernel write into its thread area, which is about to go. */
    syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
    if (enter_prepare(&enter, &message) != 0)
        syscall(SYS_exit_group, 93);
    enter_guest(&enter);
}

/* Starts a child and waits for its guest's first byte; the child's pid, or its exit status negated. */
static pid_t start(int sealed)
{
    int console[2], status;
    char byte;
    assert_int_equal(pipe(console), 0);
    pid_t pid = fork();
    if (pid == 0)
        run_guest(console[1], sealed);
    close(console[1]);
    ssize_t got = read(console[0], &byte, 1);
    close(console[0]);
    if (got == 1)
        return pid;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -1000 - WTERMSIG(status);
}

/* Counts the mappings of PID in [FIRST, LAST); [vsyscall] lies above any range. */
static int mappings(pid_t pid, unsigned long first, unsigned long last)
{
    char path[64], line[512];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long start_address;
        if (sscanf(line, "%lx-", &start_address) == 1 && start_address >= first && start_address < last)
            count++;
    }
    fclose(maps);
    return count;
}

static void finish(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void nothing_stays_above_the_guest(void **state)
{
    (void)state;
    make_filter(0);
    pid_t pid = start(0);
    assert_true(pid > 0);
    assert_int_equal(mappings(pid, MEMORY_END, 0x800000000000), 0);
    assert_int_equal(mappings(pid, SPT_MEM_BASE, MEMORY_END), 4);
    finish(pid);
}

static void a_sealed_mapping_is_left_alone(void **state)
{
    (void)state;
    make_filter(0);
    pid_t pid = start(1);
    if (pid == -92)
        skip();
    assert_true(pid > 0);
    assert_int_equal(mappings(pid, MEMORY_END, 0x800000000000), 1);
    assert_int_equal(mappings(pid, SEALED + 4096, SEALED + 8192), 1);
    finish(pid);
}

static void a_large_filter_finds_room(void **state)
{
    (void)state;
    make_filter(290);
    assert_true(filter.count > 512);
    pid_t pid = start(0);
    assert_true(pid > 0);
    finish(pid);
}

static void a_refused_filter_ends_the_process(void **state)
{
    (void)state;
    make_filter(0);
    filter.code[filter.count - 1].code = 0xffff;
    assert_int_equal(start(0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_stays_above_the_guest),
        cmocka_unit_test(a_sealed_mapping_is_left_alone),
        cmocka_unit_test(a_large_filter_finds_room),
        cmocka_unit_test(a_refused_filter_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
