/*
 * run.c: `bivy run`: one unikernel in the foreground, without daemon or root.
 *
 * The road is short on purpose: read the image, open its devices, start the tender, wait. Each part stands in
 * a file of its own; see run.h.
 */
#define _GNU_SOURCE
#include "run.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/image_file.h"
#include "host/path.h"
#include "image_words.h"
#include "kvm.h"

#define MIB 1048576

static const char *const tenders[] = {"any", "process", "vm", NULL};

static const struct option_row options[] = {
    {.name = "as",
     .kind = OPTION_CHOICE,
     .offset = offsetof(struct run_values, tender),
     .argument = "process|vm",
     .choices = tenders,
     .help = "a sandboxed process or a virtual machine; a process if the image can"},
    {.name = "memory",
     .letter = 'm',
     .kind = OPTION_MEMORY,
     .offset = offsetof(struct run_values, memory),
     .argument = "MB",
     .help = "MiB, or with a unit: 64M, 2G; 32, or what the image needs if that is more"},
    {.name = "net",
     .kind = OPTION_LIST,
     .offset = offsetof(struct run_values, nets),
     .argument = "DEV[=SPEC][,mac=M]",
     .help = "SPEC: user (the default), tap:IF, bridge:IF, @FD"},
    {.name = "block",
     .kind = OPTION_LIST,
     .offset = offsetof(struct run_values, blocks),
     .argument = "DEV=FILE",
     .completion = COMPLETE_FILE,
     .help = "a file as a block device"},
    {.name = "publish",
     .letter = 'p',
     .kind = OPTION_LIST,
     .offset = offsetof(struct run_values, ports),
     .argument = "PORT",
     .help = "[DEV@][ADDR:]HOST:GUEST[/udp]; host port 0: a free one, printed"},
    {.name = "name",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct run_values, name),
     .argument = "NAME",
     .help = "the unikernel's name; that of the file if not given"},
    {.name = "pcap",
     .kind = OPTION_LIST,
     .offset = offsetof(struct run_values, captures),
     .argument = "FILE[:DEV]",
     .completion = COMPLETE_FILE,
     .help = "keep the frames of a network device, the first if not given, for tcpdump or Wireshark"},
    {.name = "trace",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct run_values, trace),
     .help = "print every call of the guest to its host, with times, on standard error"},
    {.name = "gdb",
     .kind = OPTION_NUMBER,
     .offset = offsetof(struct run_values, gdb),
     .argument = "PORT",
     .bare = "0",
     .most = 65535,
     .help =
         "wait at the first instruction for gdb on this port of 127.0.0.1; without one, a free one, printed"},
    {.name = "cpu",
     .kind = OPTION_NUMBER,
     .offset = offsetof(struct run_values, cpu),
     .argument = "N",
     .most = RUN_CPU_MAX,
     .help = "run on this processor only"},
    {.name = "cgroup",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct run_values, cgroup),
     .argument = "DIR",
     .completion = COMPLETE_DIRECTORY,
     .help = "start in this group of cgroup v2, a folder below /sys/fs/cgroup"},
    {.name = "core",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct run_values, core),
     .argument = "DIR",
     .completion = COMPLETE_DIRECTORY,
     .help = "if the guest crashes, write DIR/NAME.PID.core for gdb"},
    OPTION_END,
};

const struct command_usage run_usage = {
    .operands = "IMAGE|DIR",
    .least = 1,
    .most = 1,
    .completion = COMPLETE_FILE,
    .tail = "ARGS...",
    .about = "The console is standard output. An interrupt is passed on; a second one kills. Ends with the "
             "unikernel's own\n"
             "status, 255 if it crashed, 128 plus the number of a signal that was sent to it, or 125 if bivy "
             "itself failed.",
    .example = "bivy run hello.uk\nbivy run -p 8080:80 web.uk\n"
               "bivy run . -m 64M --block data=disk.img -- --verbose\n",
    .options = options,
    .values_size = sizeof(struct run_values),
    .failure = COMMAND_RUN_FAILED,
};

/* The unikernel's name: letters, digits and dashes of the given one, or of the file's without folder and
 * suffix. */
static void make_label(struct run *run)
{
    const char *slash = strrchr(run->path, '/');
    const char *name = slash != NULL ? slash + 1 : run->path;
    size_t size = strcspn(name, ".");
    if (run->values->name != NULL) {
        name = run->values->name;
        size = strlen(name);
    }
    size_t used = 0;
    for (size_t i = 0; i < size && used + 1 < sizeof run->label; i++) {
        char c = (char)tolower((unsigned char)name[i]);
        if (isalnum((unsigned char)c) || (c == '-' && used > 0))
            run->label[used++] = c;
    }
    if (used == 0)
        strcpy(run->label, "unikernel");
}

static int open_image(struct run *run, struct error *err)
{
    struct stat st;
    static char built[PATH_MAX];
    if (stat(run->path, &st) == 0 && S_ISDIR(st.st_mode)) {
        int result = run_build(run->path, built, err);
        if (result < 0)
            return result;
        run->path = built;
    }
    run->image_fd = open(run->path, O_RDONLY | O_CLOEXEC);
    if (run->image_fd < 0)
        return error_set(err, errno, "open image", run->path, NULL);
    return image_file_read(run->image_fd, run->path, &run->image, err);
}

static int choose_memory(struct run *run, struct error *err)
{
    int64_t least = (int64_t)((image_min_memory(&run->image) + MIB - 1) / MIB);
    run->memory = run->values->memory.value;
    if (!run->values->memory.given) {
        run->memory = least > RUN_DEFAULT_MEMORY ? least : RUN_DEFAULT_MEMORY;
    } else if (run->memory < least) {
        error_set(err, ENOMEM, "run", run->path, "%lld MiB of memory are too few; the image needs %lld",
                  (long long)run->memory, (long long)least);
        error_hint(err, "-m %lld", (long long)least);
        return -ENOMEM;
    }
    if (run->memory > INT64_MAX / MIB)
        return error_set(err, ERANGE, "run", run->path, "no machine has that much memory");
    return image_file_check_memory(&run->image, run->path, (uint64_t)run->memory * MIB, err);
}

static void release(struct run *run)
{
    fd_close(&run->image_fd);
    for (size_t i = 0; i < run->net_count; i++) {
        fd_close(&run->nets[i].fd);
        fd_close(&run->nets[i].far_fd);
    }
    for (size_t i = 0; i < run->block_count; i++)
        fd_close(&run->blocks[i].fd);
    for (size_t i = 0; i < run->port_count; i++)
        fd_close(&run->ports[i].fd);
    fd_close(&run->switch_control);
    fd_close(&run->switch_pidfd);
    fd_close(&run->cgroup_fd);
    free(run);
}

int run_main(const struct command_call *call, struct error *err)
{
    struct run *run = calloc(1, sizeof *run);
    int status = COMMAND_RUN_FAILED;
    if (run == NULL)
        return error_set(err, ENOMEM, "run", call->operands[0], NULL), COMMAND_RUN_FAILED;
    run->values = call->values;
    run->path = call->operands[0];
    run->image_fd = run->switch_control = run->switch_pidfd = run->cgroup_fd = -1;
    run->tail = call->tail;
    run->tail_count = call->tail_count;
    make_label(run);
    if (open_image(run, err) == 0 && run_virtio_refuse(run, err) == 0 && choose_memory(run, err) == 0 &&
        run_devices_open(run, err) == 0 && run_switch_start(run, err) == 0)
        status = run_tender(run, err);
    release(run);
    return status;
}
