/* run_command.c: the command line and descriptors of the tender; see run.h and the Solo5 ABI facts,
 * section 4. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/error.h"
#include "run.h"
#include "run_debug.h"

#define WORDS (sizeof((struct run_command *)0)->words / sizeof(char *))
#define FDS   (sizeof((struct run_command *)0)->fds / sizeof(int))

__attribute__((format(printf, 2, 3))) static int add_word(struct run_command *command, const char *format,
                                                          ...)
{
    va_list args;
    /* The last place stays NULL, the end of the list. */
    if (command->count + 1 >= WORDS)
        return -E2BIG;
    va_start(args, format);
    int size = vasprintf(&command->words[command->count], format, args);
    va_end(args);
    if (size < 0) {
        command->words[command->count] = NULL;
        return -ENOMEM;
    }
    command->count++;
    return 0;
}

/* Gives FD to the child; its number there. */
static int add_fd(struct run_command *command, int fd)
{
    if (command->fd_count >= FDS)
        return -E2BIG;
    command->fds[command->fd_count] = fd;
    return (int)command->fd_count++;
}

static int add_net(struct run_command *command, const struct run_net *net)
{
    const uint8_t *mac = net->spec.mac;
    const char *name = net->spec.device;
    int fd = add_fd(command, net->fd);
    int result = fd < 0 ? fd : add_word(command, "--net:%s=@%d", name, fd);
    if (result == 0)
        result = add_word(command, "--net-mac:%s=%02x:%02x:%02x:%02x:%02x:%02x", name, mac[0], mac[1], mac[2],
                          mac[3], mac[4], mac[5]);
    if (result == 0 && net->mtu != 1500)
        result = add_word(command, "--net-mtu:%s=%u", name, net->mtu);
    return result;
}

static int add_block(struct run_command *command, const struct run_block *block)
{
    int fd = add_fd(command, block->fd);
    return fd < 0 ? fd : add_word(command, "--block:%s=@%d", block->spec.device, fd);
}

/* Whether the user passed the boot argument NAME himself: "--ipv4" or "--ipv4=...". */
static bool user_gives(const struct run *run, const char *name)
{
    size_t size = strlen(name);
    for (int i = 0; i < run->tail_count; i++)
        if (strncmp(run->tail[i], name, size) == 0 &&
            (run->tail[i][size] == '=' || run->tail[i][size] == '\0'))
            return true;
    return false;
}

static bool wants(const struct run *run, const char *name)
{
    return image_accepts_argument(&run->image, name) && !user_gives(run, name);
}

/* A static address, so that the guest need not wait for DHCP; for its first device. */
static int add_addresses(struct run_command *command, const struct run *run)
{
    const uint8_t *subnet = run->network.subnet;
    int result = 0;
    if (run->net_count == 0 || run->nets[0].spec.kind != DEVICE_NET_USER || !wants(run, "--ipv4"))
        return 0;
    const uint8_t *ip = run->nets[0].ipv4;
    result = add_word(command, "--ipv4=%u.%u.%u.%u/%u", ip[0], ip[1], ip[2], ip[3], run->network.prefix);
    if (result == 0 && wants(run, "--ipv4-gateway"))
        result = add_word(command, "--ipv4-gateway=%u.%u.%u.1", subnet[0], subnet[1], subnet[2]);
    if (result == 0 && wants(run, "--dns"))
        result = add_word(command, "--dns=%u.%u.%u.3", subnet[0], subnet[1], subnet[2]);
    return result;
}

static int fill(const struct run *run, const char *program, int error_fd, struct run_command *command)
{
    /* A guest reads no standard input. */
    add_fd(command, -1);
    add_fd(command, STDOUT_FILENO);
    add_fd(command, error_fd);
    int image = add_fd(command, run->image_fd);
    int result = add_word(command, "%s", program);
    if (result == 0)
        result = add_word(command, "--mem=%lld", (long long)run->memory);
    if (result == 0 && run->vm && run_debug_option(run) != NULL)
        result = add_word(command, "%s", run_debug_option(run));
    for (size_t i = 0; result == 0 && i < run->net_count; i++)
        result = add_net(command, &run->nets[i]);
    for (size_t i = 0; result == 0 && i < run->block_count; i++)
        result = add_block(command, &run->blocks[i]);
    if (result == 0)
        result = add_word(command, "--");
    if (result == 0)
        result = add_word(command, "@%d", image);
    if (result == 0)
        result = add_addresses(command, run);
    if (result == 0 && wants(run, "--name"))
        result = add_word(command, "--name=%s", run->label);
    for (int i = 0; result == 0 && i < run->tail_count; i++)
        result = add_word(command, "%s", run->tail[i]);
    return result;
}

int run_command_make(const struct run *run, const char *program, int error_fd, struct run_command *command,
                     struct error *err)
{
    memset(command, 0, sizeof *command);
    int result = fill(run, program, error_fd, command);
    if (result == -E2BIG)
        return error_set(err, E2BIG, "run", run->path, "too many devices or arguments");
    return result < 0 ? error_set(err, -result, "run", run->path, NULL) : 0;
}

void run_command_free(struct run_command *command)
{
    for (size_t i = 0; i < command->count; i++)
        free(command->words[i]);
    command->count = 0;
}
