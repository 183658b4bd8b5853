/* launch.c: from a configuration to a running tender; see launch.h. */
#define _GNU_SOURCE
#include "launch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "console.h"
#include "daemon.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/path.h"
#include "identity.h"
#include "image.h"
#include "keeper.h"
#include "network.h"
#include "policies.h"
#include "unikernel.h"

#define LAUNCH_FIRST_FD 3    /* of the child */
#define MTU_USUAL       1500 /* what tenders take a device's for */

struct launch {
    struct unikernel *unikernel;
    struct wire_arena arena;
    char *arguments[KEEP_ARGUMENTS_MAX + 1];
    size_t argument_count;
    int fds[FD_PASS_MAX];
    size_t fd_count;
    int failure; /* the first; looked at once, at the end */
};

static void add_argument(struct launch *launch, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_argument(struct launch *launch, const char *format, ...)
{
    char text[8192];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    char *copy = NULL;
    if (size >= 0 && (size_t)size < sizeof text)
        copy = wire_arena_take(&launch->arena, (size_t)size + 1, NULL);
    if (copy == NULL || launch->argument_count == KEEP_ARGUMENTS_MAX) {
        launch->failure = -E2BIG;
        return;
    }
    memcpy(copy, text, (size_t)size + 1);
    launch->arguments[launch->argument_count++] = copy;
}

/* Takes FD; returns its number in the child. */
static int add_fd(struct launch *launch, int fd)
{
    if (launch->fd_count == FD_PASS_MAX - 1) {
        fd_close(&fd);
        launch->failure = -E2BIG;
        return -1;
    }
    launch->fds[launch->fd_count] = fd;
    return LAUNCH_FIRST_FD + (int)launch->fd_count++;
}

static int add_networks(struct launch *launch, struct error *err)
{
    struct unikernel *unikernel = launch->unikernel;
    const struct wire_deploy *deploy = unikernel->deploy;
    int ends[UNIKERNEL_NETS_MAX];
    int result = network_attach(unikernel, ends, err);
    if (result < 0)
        return result;
    for (size_t i = 0; i < deploy->networks.count; i++) {
        struct wire_bytes device = deploy->networks.items[i].device;
        const uint8_t *mac = unikernel->nets[i].mac;
        int fd = add_fd(launch, ends[i]);
        add_argument(launch, "--net:%.*s=@%d", (int)device.size, (const char *)device.data, fd);
        add_argument(launch, "--net-mac:%.*s=%02x:%02x:%02x:%02x:%02x:%02x", (int)device.size,
                     (const char *)device.data, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
        if (unikernel->nets[i].mtu != 0 && unikernel->nets[i].mtu != MTU_USUAL)
            add_argument(launch, "--net-mtu:%.*s=%u", (int)device.size, (const char *)device.data,
                         unikernel->nets[i].mtu);
    }
    return 0;
}

static bool user_gave(const struct wire_deploy *deploy, const char *option)
{
    size_t size = strlen(option);
    for (size_t i = 0; i < deploy->arguments.count; i++) {
        struct wire_bytes argument = deploy->arguments.items[i];
        if (argument.size > size && memcmp(argument.data, option, size) == 0 && argument.data[size] == '=')
            return true;
    }
    return false;
}

static void add_address(struct launch *launch, const char *option, uint32_t address, int prefix)
{
    char text[INET_ADDRSTRLEN];
    char suffix[8] = "";
    struct in_addr ipv4 = {htonl(address)};
    if (address == 0 || !unikernel_accepts(launch->unikernel, option) ||
        user_gave(launch->unikernel->deploy, option))
        return;
    if (prefix > 0)
        snprintf(suffix, sizeof suffix, "/%d", prefix);
    add_argument(launch, "%s=%s%s", option, inet_ntop(AF_INET, &ipv4, text, sizeof text), suffix);
}

/* What the guest is told: its name, its address where it understands one, what the user wants. */
static void add_guest_arguments(struct launch *launch)
{
    struct unikernel *unikernel = launch->unikernel;
    const struct wire_deploy *deploy = unikernel->deploy;
    const struct wire_image_info *image = unikernel->image->value;
    /* An image that says what it understands is not told what it does not. */
    bool silent = image->arguments.count == 0;
    unikernel->name_passed = deploy->add_name && (silent || unikernel_accepts(unikernel, "--name"));
    if (unikernel->name_passed)
        add_argument(launch, "--name=%s", scope_label(unikernel->name));
    if (deploy->networks.count > 0 && unikernel->attached) {
        const struct attachment *net = &unikernel->nets[0];
        add_address(launch, "--ipv4", net->ipv4, net->prefix);
        add_address(launch, "--ipv4-gateway", net->gateway, 0);
        add_address(launch, "--dns", net->resolver, 0);
    }
    for (size_t i = 0; i < deploy->arguments.count; i++) {
        struct wire_bytes argument = deploy->arguments.items[i];
        add_argument(launch, "%.*s", (int)argument.size, (const char *)argument.data);
    }
}

static int launch_prepare(struct launch *launch, int *ring, struct error *err)
{
    struct unikernel *unikernel = launch->unikernel;
    const char *tender = unikernel->deploy->tender == WIRE_TENDER_VM ? "bivy-hvt" : "bivy-spt";
    *ring = console_open(unikernel->daemon, unikernel->name, true, err);
    int image = *ring < 0 ? -1 : image_open(unikernel->daemon->image_dir, unikernel->digest, err);
    if (image < 0)
        return -EIO;
    add_argument(launch, "%s", tender);
    add_argument(launch, "--mem=%lld", (long long)unikernel->deploy->memory);
    int kernel = add_fd(launch, image);
    int result = add_networks(launch, err);
    if (result < 0)
        return result;
    add_argument(launch, "--");
    add_argument(launch, "@%d", kernel);
    add_guest_arguments(launch);
    if (launch->failure < 0)
        return error_set(err, -launch->failure, "start", unikernel->name, "too many devices or arguments");
    return 0;
}

static int launch_spawn(struct launch *launch, int ring, struct error *err)
{
    struct unikernel *unikernel = launch->unikernel;
    char program[PATH_MAX];
    uint64_t cpus[KEEP_CPU_WORDS];
    int result = path_program(program, launch->arguments[0], err);
    if (result < 0)
        return result;
    uid_t uid = identity_choose(unikernel, program);
    struct keeper_spawn spawn = {
        .id = (uint64_t)unikernel->id,
        .name = unikernel->name,
        .program = program,
        .arguments = launch->arguments,
        .ring = ring,
        .fds = launch->fds,
        .fd_count = launch->fd_count,
        .uid = uid,
        .gid = uid,
        .cpus = policies_cpus(unikernel->daemon, unikernel->name, unikernel->deploy, cpus) ? cpus : NULL};
    cgroup_make(unikernel);
    pid_t pid = keeper_spawn(unikernel->daemon->keeper, &spawn, err);
    if (pid < 0)
        cgroup_remove(unikernel);
    else
        cgroup_place(unikernel, pid);
    return pid;
}

int launch(struct unikernel *unikernel, struct error *err)
{
    struct launch launch = {.unikernel = unikernel};
    cleanup_fd int ring = -1;
    int result = launch_prepare(&launch, &ring, err);
    if (result == 0)
        result = launch_spawn(&launch, ring, err);
    if (result < 0)
        network_detach(unikernel);
    for (size_t i = 0; i < launch.fd_count; i++)
        close(launch.fds[i]);
    wire_arena_free(&launch.arena);
    return result;
}
