/* admit.c: see admit.h. */
#define _GNU_SOURCE
#include "admit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bivy/abi/manifest.h"
#include "bivy/abi/note.h"
#include "daemon.h"
#include "health.h"
#include "host/error.h"
#include "host/path.h"
#include "network.h"
#include "policies.h"
#include "ports.h"
#include "scope.h"
#include "unikernel.h"

#define ADMIT_ARGUMENTS_MAX 128
#define ADMIT_COMMAND_LINE  7168 /* bytes of all arguments: the guest's command line has 8,191 */

static bool same_bytes(struct wire_bytes a, struct wire_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static int check_arguments(const char *name, const struct wire_deploy *deploy, struct error *err)
{
    size_t size = 0;
    for (size_t i = 0; i < deploy->arguments.count; i++)
        if (__builtin_add_overflow(size, deploy->arguments.items[i].size + 1, &size))
            return error_set(err, E2BIG, "arguments", name, NULL);
    if (deploy->arguments.count > ADMIT_ARGUMENTS_MAX || size > ADMIT_COMMAND_LINE)
        return error_set(err, E2BIG, "arguments", name, "more than %d, or longer than %d bytes",
                         ADMIT_ARGUMENTS_MAX, ADMIT_COMMAND_LINE);
    return 0;
}

static bool is_device_name(struct wire_bytes device)
{
    for (size_t i = 0; i < device.size; i++) {
        uint8_t c = device.data[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z'))
            return false;
    }
    return device.size >= 1 && device.size <= MFT_NAME_MAX;
}

static int check_networks(const char *name, const struct wire_deploy *deploy, struct error *err)
{
    if (deploy->networks.count > UNIKERNEL_NETS_MAX)
        return error_set(err, EINVAL, "network", name, "more than %d devices", UNIKERNEL_NETS_MAX);
    for (size_t i = 0; i < deploy->networks.count; i++) {
        const struct wire_deploy_net *net = &deploy->networks.items[i];
        if (!is_device_name(net->device))
            return error_set(err, EINVAL, "network", name, "a device's name is 1 to %d letters and digits",
                             MFT_NAME_MAX);
        for (size_t j = 0; j < i; j++)
            if (same_bytes(net->device, deploy->networks.items[j].device))
                return error_set(err, EINVAL, "network", name, "device %.*s is given twice",
                                 (int)net->device.size, (const char *)net->device.data);
    }
    return 0;
}

static int check_numbers(const char *name, const struct wire_deploy *deploy, struct error *err)
{
    if (deploy->memory < 1 || deploy->memory > ADMIT_MEMORY_MAX)
        return error_set(err, EINVAL, "memory", name, "a unikernel has 1 to %lld MiB",
                         (long long)ADMIT_MEMORY_MAX);
    if (deploy->tender < WIRE_TENDER_ANY || deploy->tender > WIRE_TENDER_VM)
        return error_set(err, EINVAL, "tender", name, "unknown");
    if (deploy->cpuids.count > POLICY_CPUS_MAX)
        return error_set(err, EINVAL, "processors", name, "too many");
    if (deploy->blocks.count > 0)
        return error_set(err, EOPNOTSUPP, "volume", name, "this daemon manages no volumes");
    return deploy->has_health ? health_check(name, &deploy->health, err) : 0;
}

int admit_config(struct daemon *daemon, const char *name, const struct wire_deploy *deploy, struct error *err)
{
    if (scope_is_path(name))
        return error_set(err, EINVAL, "unikernel", name,
                         "a path is no unikernel: its name needs a last label");
    int result = check_numbers(name, deploy, err);
    if (result == 0)
        result = policies_admit(daemon, name, deploy, err);
    if (result == 0)
        result = check_arguments(name, deploy, err);
    if (result == 0)
        result = check_networks(name, deploy, err);
    if (result == 0)
        result = network_check(daemon, name, deploy, err);
    return result == 0 ? ports_check(name, deploy, err) : result;
}

static bool declares(const struct wire_image_info *image, struct wire_bytes device, int64_t type)
{
    for (size_t i = 0; i < image->devices.count; i++)
        if (image->devices.items[i].type == type && same_bytes(image->devices.items[i].name, device))
            return true;
    return false;
}

static bool gives(const struct wire_deploy *deploy, struct wire_bytes device)
{
    for (size_t i = 0; i < deploy->networks.count; i++)
        if (same_bytes(deploy->networks.items[i].device, device))
            return true;
    return false;
}

static void list_devices(const struct wire_image_info *image, char *text, size_t size)
{
    size_t at = 0;
    snprintf(text, size, "none");
    for (size_t i = 0; i < image->devices.count && at < size; i++) {
        struct wire_bytes name = image->devices.items[i].name;
        at += (size_t)snprintf(text + at, size - at, "%s%.*s (%s)", i == 0 ? "" : ", ", (int)name.size,
                               (const char *)name.data,
                               image->devices.items[i].type == MFT_DEV_NET_BASIC ? "net" : "block");
    }
}

static int fill_network(struct wire_deploy *deploy, struct wire_bytes device, struct wire_arena *arena)
{
    size_t count = deploy->networks.count;
    struct wire_deploy_net *items = wire_arena_take(arena, (count + 1) * sizeof *items, NULL);
    if (items == NULL)
        return -ENOMEM;
    if (count > 0)
        memcpy(items, deploy->networks.items, count * sizeof *items);
    items[count] = (struct wire_deploy_net){.device = device, .network = wire_text(POLICY_NETWORK)};
    deploy->networks.items = items;
    deploy->networks.count = count + 1;
    return 0;
}

static int match_devices(const char *name, struct wire_deploy *deploy, const struct wire_image_info *image,
                         bool fill, struct wire_arena *arena, struct error *err)
{
    char declared[200];
    list_devices(image, declared, sizeof declared);
    for (size_t i = 0; i < deploy->networks.count; i++) {
        struct wire_bytes device = deploy->networks.items[i].device;
        if (!declares(image, device, MFT_DEV_NET_BASIC))
            return error_set(err, EINVAL, "devices", name,
                             "%.*s is given, but the image does not declare it; it declares %s",
                             (int)device.size, (const char *)device.data, declared);
    }
    for (size_t i = 0; i < image->devices.count; i++) {
        const struct wire_image_device *device = &image->devices.items[i];
        if (device->type == MFT_DEV_NET_BASIC && gives(deploy, device->name))
            continue;
        if (device->type == MFT_DEV_NET_BASIC && fill && fill_network(deploy, device->name, arena) == 0)
            continue;
        return error_set(err, EINVAL, "devices", name, "the image declares %s; %.*s is not given", declared,
                         (int)device->name.size, (const char *)device->name.data);
    }
    if (deploy->ports.count > 0 && deploy->networks.count == 0)
        return error_set(err, EINVAL, "port", name, "the image has no network device");
    if (deploy->has_health && deploy->networks.count == 0)
        return error_set(err, EINVAL, "health check", name, "the image has no network device");
    for (size_t i = 0; i < deploy->ports.count; i++)
        if (ports_device(deploy, &deploy->ports.items[i]) < 0)
            return error_set(err, EINVAL, "port", name, "it names a network device that there is not");
    return 0;
}

static int choose_tender(const char *name, struct wire_deploy *deploy, int64_t targets, struct error *err)
{
    char program[PATH_MAX];
    bool process = (targets & (1 << ABI_TARGET_SPT)) != 0;
    bool vm = (targets & (1 << ABI_TARGET_HVT)) != 0;
    if (deploy->tender == WIRE_TENDER_ANY)
        deploy->tender = process ? WIRE_TENDER_PROCESS : WIRE_TENDER_VM;
    if (deploy->tender == WIRE_TENDER_PROCESS && !process) {
        error_set(err, ENOEXEC, "tender", name, "the image is not built to run as a process");
        error_hint(err, "run it as a virtual machine, or build it with bivy build");
        return -ENOEXEC;
    }
    if (deploy->tender == WIRE_TENDER_VM && !vm) {
        error_set(err, ENOEXEC, "tender", name, "the image is built neither for a process nor for a VM");
        if (targets & (1 << ABI_TARGET_VIRTIO))
            error_hint(err, "an image for virtio boots in QEMU and the like: build it without --target");
        return -ENOEXEC;
    }
    if (deploy->tender == WIRE_TENDER_VM && path_program(program, "bivy-hvt", NULL) < 0)
        return error_set(err, EOPNOTSUPP, "tender", name,
                         "this host has no bivy-hvt to run virtual machines");
    return 0;
}

int admit_image(struct daemon *daemon, const char *name, struct wire_deploy *deploy,
                const struct wire_image_info *image, int64_t targets, bool fill, struct wire_arena *arena,
                struct error *err)
{
    int64_t least = (image->min_memory + (1 << 20) - 1) >> 20;
    int result = choose_tender(name, deploy, targets, err);
    if (result == 0)
        result = match_devices(name, deploy, image, fill, arena, err);
    if (result < 0)
        return result;
    if (deploy->tender == WIRE_TENDER_VM)
        least += least % 2; /* its tender rounds down to a multiple of 2 MiB */
    if (deploy->memory < least) {
        error_set(err, EINVAL, "memory", name, "the image needs %lld MiB, %lld are given", (long long)least,
                  (long long)deploy->memory);
        error_hint(err, "give it --memory %lld", (long long)least);
        return -EINVAL;
    }
    /* Once more: the image arrived meanwhile, and the devices may have grown. */
    return admit_config(daemon, name, deploy, err);
}
