/* run_devices.c: the devices of `bivy run`: what the manifest declares, met with what the command line gives.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"
#include "run.h"

/* The names of the image's devices of TYPE, or "none". */
static void list_devices(const struct run *run, uint32_t type, char *text, size_t size)
{
    const struct image_manifest *manifest = &run->image.manifest;
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 1; i < manifest->entries; i++) {
        if (manifest->e[i].type != type || used + MFT_NAME_SIZE + 2 > size)
            continue;
        used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "", manifest->e[i].name);
    }
    if (used == 0)
        snprintf(text, size, "none");
}

static int refuse_device(const struct run *run, uint32_t type, const char *device, struct error *err)
{
    const char *kind = type == MFT_DEV_NET_BASIC ? "network" : "block";
    char known[160];
    list_devices(run, type, known, sizeof known);
    error_set(err, ENODEV, "attach device", device, "the image declares no such %s device", kind);
    error_hint(err, "its %s devices: %s", kind, known);
    return -ENODEV;
}

static bool image_has(const struct run *run, const char *device, uint32_t type)
{
    uint32_t index = image_find_device(&run->image, device);
    return index != 0 && run->image.manifest.e[index].type == type;
}

static struct run_net *find_net(struct run *run, const char *device)
{
    for (size_t i = 0; i < run->net_count; i++)
        if (strcmp(run->nets[i].spec.device, device) == 0)
            return &run->nets[i];
    return NULL;
}

/* One entry for each network device of the manifest, in its order, a user network until told otherwise. */
static void add_declared_nets(struct run *run)
{
    const struct image_manifest *manifest = &run->image.manifest;
    for (uint32_t i = 1; i < manifest->entries; i++) {
        if (manifest->e[i].type != MFT_DEV_NET_BASIC)
            continue;
        struct run_net *net = &run->nets[run->net_count++];
        *net = (struct run_net){.fd = -1, .far_fd = -1, .mtu = 1500};
        memcpy(net->spec.device, manifest->e[i].name, MFT_NAME_SIZE);
    }
}

static int read_nets(struct run *run, struct error *err)
{
    const struct option_list *list = &run->values->nets;
    uint64_t seen = 0;
    add_declared_nets(run);
    for (size_t i = 0; i < list->count; i++) {
        struct device_net spec;
        int result = device_parse_net(list->items[i], &spec, err);
        if (result < 0)
            return result;
        struct run_net *net = find_net(run, spec.device);
        if (net == NULL)
            return refuse_device(run, MFT_DEV_NET_BASIC, spec.device, err);
        if (spec.kind == DEVICE_NET_NAMED) {
            error_set(err, EINVAL, "attach network", list->items[i], "named networks are the daemon's");
            error_hint(err, "user, tap:IF, bridge:IF or @FD; or 'bivy deploy'");
            return -EINVAL;
        }
        if (seen & (UINT64_C(1) << (net - run->nets)))
            return error_set(err, EINVAL, "attach network", list->items[i], "the device is given twice");
        seen |= UINT64_C(1) << (net - run->nets);
        net->spec = spec;
    }
    return 0;
}

static int open_net(struct run_net *net, struct error *err)
{
    int ends[2];
    if (!net->spec.has_mac && device_random_mac(net->spec.mac) < 0)
        return error_set(err, EIO, "attach network", net->spec.device, "no random address");
    switch (net->spec.kind) {
    case DEVICE_NET_TAP:
        net->fd = run_tap_open(net->spec.source, &net->mtu, err);
        return net->fd < 0 ? net->fd : 0;
    case DEVICE_NET_BRIDGE:
        net->fd = run_bridge_open(net->spec.source, &net->mtu, err);
        return net->fd < 0 ? net->fd : 0;
    case DEVICE_NET_FD:
        net->fd = fcntl(net->spec.fd, F_DUPFD_CLOEXEC, 3);
        return net->fd < 0 ? error_set(err, errno, "attach network", net->spec.device, NULL) : 0;
    default:
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
            return error_set(err, errno, "attach network", net->spec.device, NULL);
        net->fd = ends[0];
        net->far_fd = ends[1];
        return 0;
    }
}

/* A file that two unikernels write to is a broken file: the lock goes to the tender with the descriptor. */
static int open_block(struct run *run, const char *text, struct error *err)
{
    struct run_block *block = &run->blocks[run->block_count];
    int result = device_parse_block(text, &block->spec, err);
    if (result < 0)
        return result;
    if (!image_has(run, block->spec.device, MFT_DEV_BLOCK_BASIC))
        return refuse_device(run, MFT_DEV_BLOCK_BASIC, block->spec.device, err);
    for (size_t i = 0; i < run->block_count; i++)
        if (strcmp(run->blocks[i].spec.device, block->spec.device) == 0)
            return error_set(err, EINVAL, "attach volume", text, "the device is given twice");
    block->fd = open(block->spec.source, O_RDWR | O_CLOEXEC);
    if (block->fd < 0)
        return error_set(err, errno, "open volume", block->spec.source, NULL);
    run->block_count++;
    if (flock(block->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        return error_set(err, EBUSY, "open volume", block->spec.source, "another unikernel uses it");
    return 0;
}

/* Every block device must have got its file: there is no default for data. */
static int check_blocks(const struct run *run, struct error *err)
{
    const struct image_manifest *manifest = &run->image.manifest;
    for (uint32_t i = 1; i < manifest->entries; i++) {
        bool given = manifest->e[i].type != MFT_DEV_BLOCK_BASIC;
        for (size_t j = 0; j < run->block_count; j++)
            given = given || strcmp(run->blocks[j].spec.device, manifest->e[i].name) == 0;
        if (given)
            continue;
        error_set(err, ENODEV, "run", run->path, "the block device '%s' has no file", manifest->e[i].name);
        error_hint(err, "--block %s=FILE", manifest->e[i].name);
        return -ENODEV;
    }
    return 0;
}

static int open_port(struct run *run, const char *text, struct error *err)
{
    struct run_port *port = &run->ports[run->port_count];
    int result = port_parse(text, &port->spec, err);
    if (result < 0)
        return result;
    if (run->net_count == 0)
        return error_set(err, ENODEV, "publish port", text, "the image has no network device");
    const struct run_net *net = port->spec.device[0] != '\0' ? find_net(run, port->spec.device) : run->nets;
    if (net == NULL)
        return refuse_device(run, MFT_DEV_NET_BASIC, port->spec.device, err);
    if (net->spec.kind != DEVICE_NET_USER)
        return error_set(err, EINVAL, "publish port", text, "device '%s' is not on a user network",
                         net->spec.device);
    port->net = (size_t)(net - run->nets);
    port->fd = port_open(&port->spec, err);
    if (port->fd < 0)
        return port->fd;
    run->port_count++;
    return 0;
}

int run_devices_open(struct run *run, struct error *err)
{
    const struct run_values *values = run->values;
    int result = read_nets(run, err);
    for (size_t i = 0; result == 0 && i < values->blocks.count; i++)
        result = open_block(run, values->blocks.items[i], err);
    if (result == 0)
        result = check_blocks(run, err);
    for (size_t i = 0; result == 0 && i < values->ports.count; i++)
        result = open_port(run, values->ports.items[i], err);
    for (size_t i = 0; result == 0 && i < run->net_count; i++)
        result = open_net(&run->nets[i], err);
    return result;
}
