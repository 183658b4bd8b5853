/*
 * run.h: what the parts of `bivy run` share: one unikernel from its command line to its exit status.
 *
 * Everything that the guest gets is opened here, by the user who runs it; the tender and the switch get
 * descriptors only.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include <sys/types.h>

#include "bivy/net_control.h"
#include "device.h"
#include "image/image.h"
#include "option.h"
#include "port.h"

struct error;

#define RUN_DEFAULT_MEMORY 32 /* MiB */
#define RUN_CPU_MAX        1023
#define RUN_CRASHED        255 /* the exit status of a guest that a fault of its own ended */

struct run_values {
    int tender; /* enum run_tender */
    struct option_number memory;
    struct option_list nets, blocks, ports;
    const char *name;
    bool trace;
    const char *core;         /* a folder */
    struct option_number gdb; /* a port on loopback; 0: any */
    struct option_list captures;
    struct option_number cpu;
    const char *cgroup; /* a folder */
};

enum run_tender { RUN_ANY, RUN_PROCESS, RUN_VM };

struct run_net {
    struct device_net spec;
    int fd;     /* the tender's end; -1 before it is opened */
    int far_fd; /* the switch's end, of a user network */
    uint16_t mtu;
    uint8_t ipv4[4]; /* of a user network */
};

struct run_block {
    struct device_block spec;
    int fd;
};

struct run_port {
    struct port_spec spec;
    size_t net; /* index */
    int fd;     /* the host's socket */
};

struct run {
    const struct run_values *values;
    const char *path;
    char label[64]; /* the unikernel's name, fit for DNS */
    int image_fd;
    int cgroup_fd; /* -1: none is wanted */
    struct image image;
    int64_t memory; /* MiB */
    bool vm;        /* it runs as a virtual machine */
    size_t net_count, block_count, port_count;
    struct run_net nets[MFT_MAX_ENTRIES];
    struct run_block blocks[MFT_MAX_ENTRIES];
    struct run_port ports[OPTION_LIST_MAX];
    struct net_network network; /* of the user networks */
    pid_t switch_pid;           /* 0: none is needed */
    int switch_pidfd, switch_control;
    int tail_count;
    char **tail; /* the user's arguments for the guest */
};

/* Builds the project in DIRECTORY and stores the image's path in PATH. */
int run_build(const char *directory, char path[static 4096], struct error *err);

/* Matches the options with the image's manifest and opens every device but those of user networks. */
int run_devices_open(struct run *run, struct error *err);

/* Starts the switch, if a network is a user network, and asks it for everything without waiting for answers:
 * frames that a guest sends before the switch is up wait in its socket. */
int run_switch_start(struct run *run, struct error *err);

/* Takes the switch's answers and says on standard error where the ports listen. */
int run_switch_finish(struct run *run, struct error *err);

/* Opens the tap INTERFACE, or a new one on the bridge INTERFACE; its MTU in *MTU. The descriptor, or -errno.
 */
int run_tap_open(const char *interface, uint16_t *mtu, struct error *err);
int run_bridge_open(const char *interface, uint16_t *mtu, struct error *err);

/* Starts the tender, waits for it, and returns the exit status of `bivy run`, ERR filled where bivy failed.
 */
int run_tender(struct run *run, struct error *err);

/* Refuses an image that is only for virtio, with a hint how it is booted: 0 or -ENOEXEC. */
int run_virtio_refuse(const struct run *run, struct error *err);

/* How the guest's tender of PROGRAM is called. */
struct run_command {
    char *words[1024];
    size_t count;
    int fds[64];
    size_t fd_count;
};

/* Fills COMMAND (words owned) for the tender PROGRAM; ERROR_FD becomes its standard error. */
int run_command_make(const struct run *run, const char *program, int error_fd, struct run_command *command,
                     struct error *err);
void run_command_free(struct run_command *command);

#endif
