/*
 * main.c: bivy-spt: runs one unikernel image as a process that can do nothing but what its manifest says.
 *
 * Command line and messages: ../common/options.h. The order matters: everything that can fail with a sentence
 * comes before descriptor 2 is closed; enter.h does the rest.
 */
#include <errno.h>

#include "tender/common/confine.h"
#include "tender/common/device.h"
#include "tender/common/events.h"
#include "tender/common/load.h"
#include "tender/common/message.h"
#include "tender/common/names.h"
#include "tender/common/options.h"
#include "tender/common/source.h"
#include "tender/common/system.h"
#include "tender/common/target.h"
#include "tender/spt/boot.h"
#include "tender/spt/enter.h"
#include "tender/spt/memory.h"
#include "tender/spt/rules.h"
#include "tender/spt/timer.h"

#define PROGRAM "bivy-spt"

static const char usage[] =
    " [OPTIONS] [--] KERNEL [ARGUMENTS...]\n"
    "\n"
    "Runs KERNEL, a unikernel image (a file, or @FD of an open descriptor), as a sandboxed process.\n"
    "ARGUMENTS are passed to the unikernel.\n"
    "\n"
    "  --mem=MIB                     guest memory in MiB (default 512)\n"
    "  --net:NAME=IFACE|@FD          attach a tap interface, or a descriptor of one frame a read, as NAME\n"
    "  --net-mac:NAME=MAC            its hardware address (default: random)\n"
    "  --net-mtu:NAME=BYTES          its MTU (default: the interface's; 1500 for @FD)\n"
    "  --block:NAME=PATH|@FD         attach a file or block device as NAME\n"
    "  --block-sector-size:NAME=N    its sector size, a power of two from 512 to 32768 (default 512)\n"
    "  --x-exec-heap                 make the guest's heap executable; not recommended\n"
    "  --help                        this text\n"
    "  --version                     this program's version and that of the ABI\n";

/* All that is known about this run. Zero until touched, and gone before the guest starts. */
static struct run {
    const char *program; /* its name in texts */
    struct options options;
    struct message message;
    struct image_error why;
    struct image image;
    struct devices devices;
    struct filter_rule rules[RULES_MAX];
    struct filter filter;
    int epoll, timer;
} run;

int tender_main(int argc, char **argv);

static int read_image(struct image_source *source, int *fd)
{
    int result = source_open(source, fd, run.options.kernel, &run.message);
    if (result != 0)
        return result;
    if (image_read(&run.image, source, &run.why) != 0)
        return source_refused(&run.why, run.options.kernel, &run.message);
    result = target_check(&run.image, ABI_TARGET_SPT, ABI_VERSION_SPT, run.options.kernel, &run.message);
    if (result != 0)
        return result;
    if (image_check_memory(&run.image, run.options.memory_bytes, &run.why) != 0)
        return source_refused(&run.why, run.options.kernel, &run.message);
    return 0;
}

static int attach_devices(void)
{
    int result = device_match(&run.devices, &run.image.manifest, &run.options, &run.message);
    if (result == 0)
        result = device_attach(&run.devices, &run.image.manifest, &run.message);
    if (result == 0)
        result = events_open(&run.image.manifest, &run.epoll, &run.message);
    if (result == 0)
        result = timer_open(run.epoll, &run.timer, &run.message);
    return result;
}

static int fill_memory(const struct image_source *source, int fd)
{
    struct spt_boot_info info = {.mem_size = run.options.memory_bytes,
                                 .kernel_end = run.image.end,
                                 .epollfd = run.epoll,
                                 .timerfd = run.timer};
    int result = memory_map(run.options.memory_bytes, run.options.execute_heap, &run.message);
    if (result != 0)
        return result;
    if (load_image(&run.image, source, fd, 0, &run.why) != 0)
        return source_refused(&run.why, run.options.kernel, &run.message);
    result = boot_write((void *)(uint64_t)SPT_BOOT_INFO, SPT_BOOT_INFO, &info, &run.image.manifest,
                        run.options.arguments);
    if (result != 0)
        message_say(&run.message, result, "The guest's arguments are longer than 8191 bytes", "", "");
    return result;
}

static int make_filter(void)
{
    size_t count = rules_make(run.rules, &run.image.manifest, run.epoll, run.timer);
    int result = filter_build(&run.filter, run.rules, count);
    return result == 0 ? 0 : message_fail(&run.message, result, "Could not build the filter", "seccomp");
}

/* Returns only if something fails. */
static int run_guest(void)
{
    struct image_source source;
    int fd, kept[CONFINE_MAX_KEPT];
    struct enter enter = {.memory_end = run.options.memory_bytes, .filter = &run.filter};
    int result = read_image(&source, &fd);
    if (result == 0)
        result = attach_devices();
    if (result == 0)
        result = fill_memory(&source, fd);
    if (result == 0)
        result = make_filter();
    if (result == 0)
        result = enter_prepare(&enter, &run.message);
    if (result == 0)
        result = confine_privileges(run.devices.has_socket_net, &run.message);
    if (result != 0)
        return result;
    size_t count = confine_kept(kept, &run.image.manifest, run.epoll, run.timer);
    result = confine_close_others(kept, count);
    if (result != 0)
        return message_fail(&run.message, result, "Could not close other descriptors", "close_range");
    enter.entry = run.image.entry;
    enter_guest(&enter);
}

int tender_main(int argc, char **argv)
{
    if (confine_standard_descriptors() != 0)
        return 1;
    run.program = names_program(argv[0], PROGRAM);
    int result = options_parse(&run.options, argc, (const char *const *)argv, &run.message);
    if (result == 0 && (run.options.debug != 0 || run.options.no_ring)) /* a virtual machine's */
        result = message_say(&run.message, -EINVAL, "Invalid option: `",
                             run.options.debug != 0 ? "--debug" : "--no-net-ring", "'");
    bool show_usage = result != 0;
    if (result == 0 && run.options.action == OPTIONS_VERSION) {
        names_print_version(run.program);
        return 0;
    }
    if (result == 0 && run.options.action == OPTIONS_RUN)
        run_guest();
    if (result != 0 || run.options.action == OPTIONS_RUN)
        message_print(&run.message, run.program);
    if (show_usage || run.options.action == OPTIONS_HELP)
        names_print_usage(run.program, usage);
    return 1;
}
