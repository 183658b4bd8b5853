/*
 * check_main.c: bivy-check looks at an image that a stranger sent, with hands tied.
 *
 * Started by bivyd with its descriptors given. Before it touches the first byte it gives up every
 * system call but reading, writing and memory; so decompression and ELF parsing, where mistakes
 * would be dearest, happen where a mistake is worth nothing.
 *
 *   bivy-check [--inflate=LIMIT]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bivy/abi/note.h"
#include "check_protocol.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/image_file.h"
#include "inflate.h"
#include "jail/filter.h"

#define CHECK_MEMORY_MAX  (64ull << 20) /* bytes of address space */
#define CHECK_SECONDS_MAX 20

/* Ties the hands; 0 or -errno. */
static int give_up(void)
{
    static const struct filter_rule rules[] = {
        FILTER_ALLOW(__NR_read),      FILTER_ALLOW(__NR_pread64),    FILTER_ALLOW(__NR_write),
        FILTER_ALLOW(__NR_fstat),     FILTER_ALLOW(__NR_newfstatat), FILTER_ALLOW(__NR_lseek),
        FILTER_ALLOW(__NR_brk),       FILTER_ALLOW(__NR_mmap),       FILTER_ALLOW(__NR_munmap),
        FILTER_ALLOW(__NR_mremap),    FILTER_ALLOW(__NR_madvise),    FILTER_ALLOW(__NR_futex),
        FILTER_ALLOW(__NR_getrandom), FILTER_ALLOW(__NR_exit),       FILTER_ALLOW(__NR_exit_group),
    };
    static struct filter filter;
    const struct rlimit memory = {CHECK_MEMORY_MAX, CHECK_MEMORY_MAX};
    const struct rlimit seconds = {CHECK_SECONDS_MAX, CHECK_SECONDS_MAX};
    int result = filter_build(&filter, rules, sizeof rules / sizeof *rules);
    if (result < 0)
        return result;
#ifndef CHECK_SANITIZED /* sanitizers need terabytes of address space and calls of their own */
    if (setrlimit(RLIMIT_AS, &memory) < 0)
        return -errno;
    struct sock_fprog program = {.len = (unsigned short)filter.count, .filter = filter.code};
    if (setrlimit(RLIMIT_CPU, &seconds) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
        return -errno;
#else
    (void)memory;
    (void)seconds;
#endif
    return 0;
}

/* A target whose interface is of another version than this host's cannot be run as that. */
static int check_versions(struct image *image, struct error *err)
{
    static const struct {
        uint32_t target, version;
    } known[] = {{ABI_TARGET_HVT, ABI_VERSION_HVT}, {ABI_TARGET_SPT, ABI_VERSION_SPT}};
    uint32_t other = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t bit = 1u << known[i].target;
        if (!(image->targets & bit) || image->target_version[known[i].target] == known[i].version)
            continue;
        image->targets &= ~bit;
        other = image->target_version[known[i].target];
    }
    if (image->targets != 0 || other == 0)
        return 0;
    error_hint(err, "build it again with the bivy of this host");
    return error_set(err, ENOEXEC, "check", "image", "version %u of its interface is not this host's", other);
}

static void describe(const struct image *image, struct check_reply *reply)
{
    reply->target = image->target;
    reply->targets = image->targets;
    reply->min_memory = image_min_memory(image);
    for (uint32_t i = 1; i < image->manifest.entries; i++) {
        struct check_device *device = &reply->device[reply->devices++];
        memcpy(device->name, image->manifest.e[i].name, sizeof device->name);
        device->type = image->manifest.e[i].type;
    }
    if (image->bivy.arguments_size <= sizeof reply->arguments) {
        reply->arguments_size = image->bivy.arguments_size;
        memcpy(reply->arguments, image->bivy.arguments, image->bivy.arguments_size);
    }
}

static int check(bool inflating, uint64_t limit, struct check_reply *reply, struct error *err)
{
    static struct image image;
    int result = give_up();
    if (result < 0)
        return error_set(err, -result, "check", "image", "cannot enter the sandbox: %s", strerror(-result));
    char begin;
    if (fd_read_all(STDIN_FILENO, &begin, 1) != 1)
        return -ECANCELED;
    if (inflating)
        result = inflate_file(CHECK_FD_INPUT, CHECK_FD_OUTPUT, limit, err);
    if (result == 0)
        result = image_file_read(inflating ? CHECK_FD_OUTPUT : CHECK_FD_INPUT, "image", &image, err);
    if (result == 0)
        result = check_versions(&image, err);
    if (result == 0)
        describe(&image, reply);
    return result;
}

int main(int argc, char **argv)
{
    static struct check_reply reply;
    static const char option[] = "--inflate=";
    struct error err = {0};
    bool inflating = argc == 2 && strncmp(argv[1], option, sizeof option - 1) == 0;
    uint64_t limit = inflating ? strtoull(argv[1] + sizeof option - 1, NULL, 10) : 0;
    int result = check(inflating, limit, &reply, &err);
    if (result == -ECANCELED)
        return 0;
    reply.code = -result;
    memcpy(reply.text, err.text, sizeof reply.text);
    memcpy(reply.hint, err.hint, sizeof reply.hint);
    return fd_write_all(STDOUT_FILENO, &reply, sizeof reply) < 0;
}
