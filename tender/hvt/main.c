/*
 * main.c: bivy-hvt: runs one unikernel image as a virtual machine that can do nothing but what its manifest
 * says.
 *
 * Command line and messages: ../common/options.h. Everything is opened before the jail closes, and the jail
 * closes before the guest's first instruction.
 */
#include <errno.h>

#include "bivy/abi/hvt.h"
#include "tender/common/confine.h"
#include "tender/common/device.h"
#include "tender/common/events.h"
#include "tender/common/message.h"
#include "tender/common/names.h"
#include "tender/common/options.h"
#include "tender/common/source.h"
#include "tender/common/system.h"
#include "tender/common/target.h"
#include "tender/hvt/guest.h"
#include "tender/hvt/jail.h"
#include "tender/hvt/report.h"
#include "tender/hvt/run.h"
#include "tender/hvt/signals.h"

#define PROGRAM "bivy-hvt"

static const char usage[] =
    " [OPTIONS] [--] KERNEL [ARGUMENTS...]\n"
    "\n"
    "Runs KERNEL, a unikernel image (a file, or @FD of an open descriptor), as a virtual machine.\n"
    "ARGUMENTS are passed to the unikernel.\n"
    "\n"
    "  --mem=MIB                     guest memory in MiB, rounded down to a multiple of 2 (default 512)\n"
    "  --net:NAME=IFACE|@FD          attach a tap interface, or a descriptor of one frame a read, as NAME\n"
    "  --net-mac:NAME=MAC            its hardware address (default: random)\n"
    "  --net-mtu:NAME=BYTES          its MTU (default: the interface's; 1500 for @FD)\n"
    "  --block:NAME=PATH|@FD         attach a file or block device as NAME\n"
    "  --block-sector-size:NAME=N    its sector size, a power of two from 512 to 32768 (default 512)\n"
    "  --no-net-ring                 serve each request by an exit of its own\n"
    "  --debug=stops|calls|all       stop for the tracer (bivy run), without which the tender then ends\n"
    "  --help                        this text\n"
    "  --version                     this program's version and that of the ABI\n";

/* All that is known about this run. */
static struct {
    const char *program; /* its name in texts */
    struct options options;
    struct message message;
    struct image_error why;
    struct image image;
    struct devices devices;
    struct hvt hvt;
    struct kvm kvm;
} run;

int tender_main(int argc, char **argv);

/* Solo5's rule: a multiple of 2 MiB, said when it is not one. */
static int round_memory(void)
{
    uint64_t asked = run.options.memory_bytes;
    uint64_t rounded = asked & ~((uint64_t)GUEST_MEMORY_STEP - 1);
    if (asked > GUEST_MEMORY_MAX)
        return message_say(&run.message, -EINVAL, "Guest memory is limited to 4096 MiB", "", "");
    if (rounded == 0)
        rounded = GUEST_MEMORY_STEP;
    if (rounded != asked) {
        message_begin(&run.message, "Guest memory adjusted to ");
        message_add_number(&run.message, rounded >> 20);
        message_add(&run.message, " MiB");
        message_print(&run.message, run.program);
    }
    run.options.memory_bytes = rounded;
    return 0;
}

static int read_image(struct image_source *source, int *fd)
{
    int result = source_open(source, fd, run.options.kernel, &run.message);
    if (result != 0)
        return result;
    if (image_read(&run.image, source, &run.why) != 0)
        return source_refused(&run.why, run.options.kernel, &run.message);
    result = target_check(&run.image, ABI_TARGET_HVT, ABI_VERSION_HVT, run.options.kernel, &run.message);
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
    if (result != 0)
        return result;
    run.hvt.manifest = run.image.manifest;
    run.hvt.no_ring = run.options.no_ring;
    return events_open(&run.hvt.manifest, &run.hvt.epoll, &run.message);
}

/* The most that there can be is shared with the ring, as Solo5's tender does it. */
static int leave_room_for_ring(void)
{
    if (run.options.memory_bytes <= GUEST_MEMORY_MAX - HVT_RING_BYTES ||
        !guest_has_ring(&run.hvt, &run.image))
        return 0;
    run.options.memory_bytes = GUEST_MEMORY_MAX - HVT_RING_BYTES;
    if (image_check_memory(&run.image, run.options.memory_bytes, &run.why) != 0)
        return source_refused(&run.why, run.options.kernel, &run.message);
    return 0;
}

static int make_guest(const struct image_source *source, int fd)
{
    int result = leave_room_for_ring();
    if (result != 0)
        return result;
    const struct guest_plan plan = {.kernel = run.options.kernel,
                                    .image = &run.image,
                                    .source = source,
                                    .fd = fd,
                                    .memory_bytes = run.options.memory_bytes,
                                    .arguments = run.options.arguments};
    result = kvm_open(&run.kvm, &run.message);
    if (result == 0)
        result = guest_make(&run.hvt, &run.kvm, &plan, &run.message);
    return result;
}

/* The guest's exit status, or 1 with the message filled. */
static int run_image(void)
{
    struct image_source source;
    int fd;
    int result = round_memory();
    if (result == 0)
        result = read_image(&source, &fd);
    if (result == 0)
        result = attach_devices();
    if (result == 0)
        result = make_guest(&source, fd);
    if (result == 0)
        result = report_open(guest_is_user(&run.image), &run.message);
    run.hvt.debug = run.options.debug;
    if (result == 0)
        result = signals_catch(run.program, &run.message);
    if (result == 0)
        result = jail_close(&run.hvt, &run.kvm, &run.message);
    return result == 0 ? run_guest(&run.hvt, &run.kvm, &run.message) : 1;
}

int tender_main(int argc, char **argv)
{
    if (confine_standard_descriptors() != 0)
        return 1;
    run.program = names_program(argv[0], PROGRAM);
    int result = options_parse(&run.options, argc, (const char *const *)argv, &run.message);
    int status = 1;
    if (result == 0 && run.options.execute_heap) /* the process tender's only */
        result = message_say(&run.message, -EINVAL, "Invalid option: `--x-exec-heap'", "", "");
    if (result == 0 && run.options.action == OPTIONS_VERSION) {
        names_print_version(run.program);
        return 0;
    }
    if (result == 0 && run.options.action == OPTIONS_RUN)
        status = run_image();
    if (run.message.size > 0)
        message_print(&run.message, run.program);
    if (result != 0 || run.options.action == OPTIONS_HELP)
        names_print_usage(run.program, usage);
    return status;
}
