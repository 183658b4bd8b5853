/* guest.c: see guest.h. */
#define _GNU_SOURCE
#include "tender/hvt/guest.h"

#include <errno.h>
#include <sys/mman.h>

#include "bivy/abi/hvt.h"
#include "bivy/vm_report.h"
#include "tender/common/arguments.h"
#include "tender/common/load.h"
#include "tender/common/message.h"
#include "tender/common/source.h"
#include "tender/common/system.h"

/* Where guest-physical address 0 lies in the tender: far from anything a static program has mapped. */
#define HOST_MEMORY VM_MEMORY
#define HOST_TABLES (HOST_MEMORY + 2 * GUEST_MEMORY_MAX)

_Static_assert(GUEST_MEMORY_FIXED == IMAGE_MAX_SEGMENTS, "one read-only range for each segment");

#define MAP_GUEST (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE)

bool guest_is_user(const struct image *image)
{
    return image->bivy.present && image->bivy.entry_mode == BIVY_ENTRY_USER;
}

bool guest_has_ring(const struct hvt *hvt, const struct image *image)
{
    const uint32_t ours = HVT_FEATURE_NET_RING | HVT_FEATURE_BATCH;
    bool attached = false;
    for (uint32_t i = 1; i < hvt->manifest.entries && i < MFT_MAX_ENTRIES; i++)
        attached = attached || hvt->manifest.e[i].attached;
    return attached && !hvt->no_ring && image->bivy.present && (image->bivy.ring & ours) == ours;
}

/* Guest memory and above it, where mem_size does not count it, the ring. */
static uint64_t mapped_bytes(const struct hvt *hvt, const struct guest_plan *plan)
{
    return plan->memory_bytes + (guest_has_ring(hvt, plan->image) ? HVT_RING_BYTES : 0);
}

static int map_memory(struct hvt *hvt, const struct kvm *kvm, const struct guest_plan *plan,
                      struct message *message)
{
    uint64_t mapped = mapped_bytes(hvt, plan);
    int result = system_map(HOST_MEMORY, mapped, PROT_READ | PROT_WRITE, MAP_GUEST, -1, 0);
    if (result == 0 && guest_is_user(plan->image))
        result = system_map(HOST_TABLES, MACHINE_TABLES_SIZE, PROT_READ | PROT_WRITE, MAP_GUEST, -1, 0);
    if (result != 0)
        return message_fail(message, result, "Could not map the guest's memory", plan->kernel);
    hvt->memory = (struct guest_memory){.host = (uint8_t *)HOST_MEMORY, .size = mapped};
    result = kvm_add_memory(kvm, 0, 0, mapped, (void *)HOST_MEMORY, message);
    if (mapped > plan->memory_bytes)
        ring_open(hvt, (struct hvt_ring *)(HOST_MEMORY + plan->memory_bytes));
    if (result == 0 && guest_is_user(plan->image)) {
        hvt->memory.first = HVT_BOOT_INFO;
        result =
            kvm_add_memory(kvm, 1, MACHINE_TABLES_BASE, MACHINE_TABLES_SIZE, (void *)HOST_TABLES, message);
    }
    return result;
}

/* On the host's side nothing of a guest is executable, and everything is readable: hypercalls point at it. */
static int load(struct guest_memory *memory, const struct guest_plan *plan, struct message *message)
{
    struct image shown = *plan->image;
    struct image_error why;
    for (size_t i = 0; i < shown.segment_count; i++) {
        struct image_segment *segment = &shown.segments[i];
        segment->flags = (segment->flags & ~IMAGE_SEGMENT_EXECUTE) | IMAGE_SEGMENT_READ;
        if ((segment->flags & IMAGE_SEGMENT_WRITE) == 0) {
            memory->fixed[memory->fixed_count].start = segment->start;
            memory->fixed[memory->fixed_count++].end = segment->end;
        }
    }
    if (load_image(&shown, plan->source, plan->fd, HOST_MEMORY, &why) == 0)
        return 0;
    return source_refused(&why, plan->kernel, message);
}

static int write_boot(const struct hvt *hvt, const struct kvm *kvm, const struct guest_plan *plan,
                      struct message *message)
{
    size_t manifest_size = MFT_SIZE(hvt->manifest.entries);
    struct hvt_boot_info *info = (struct hvt_boot_info *)(HOST_MEMORY + HVT_BOOT_INFO);
    *info = (struct hvt_boot_info){.mem_size = plan->memory_bytes,
                                   .kernel_end = plan->image->end,
                                   .cpu_cycle_freq = kvm->tsc_hz,
                                   .mft = HVT_BOOT_INFO + sizeof *info};
    if (hvt->ring.shared != NULL) {
        info->host_features = HVT_FEATURE_NET_RING | HVT_FEATURE_BATCH;
        info->net_ring = plan->memory_bytes;
    }
    struct mft *manifest = (struct mft *)(HOST_MEMORY + info->mft);
    __builtin_memcpy(manifest, &hvt->manifest, manifest_size);
    for (uint32_t i = 1; i < manifest->entries && i < MFT_MAX_ENTRIES; i++)
        manifest->e[i].b.data = 0; /* a host descriptor's number is none of this guest's business */
    info->cmdline = info->mft + manifest_size;
    if (arguments_join((char *)(HOST_MEMORY + info->cmdline), HVT_CMDLINE_SIZE, plan->arguments) == 0)
        return 0;
    return message_say(message, -E2BIG, "The guest's arguments are longer than 8191 bytes", "", "");
}

static size_t list_ranges(const struct image *image, struct machine_range ranges[static IMAGE_MAX_SEGMENTS])
{
    for (size_t i = 0; i < image->segment_count; i++)
        ranges[i] = (struct machine_range){image->segments[i].start, image->segments[i].end,
                                           image->segments[i].flags};
    return image->segment_count;
}

/*
 * The lowest page of the stack is left out of the page tables, so that an overflow is a fault and not
 * corruption. What lies below the stack is the heap's, to the last byte.
 */
static uint64_t guard_page(const struct guest_plan *plan)
{
    uint64_t stack = plan->image->bivy.stack_size & ~((uint64_t)IMAGE_PAGE_SIZE - 1);
    if (stack < 2u * IMAGE_PAGE_SIZE || stack > plan->memory_bytes - plan->image->bss_end)
        return 0;
    return plan->memory_bytes - stack;
}

/*
 * A user guest sets its thread pointer itself. Whether it may is found out by trying: KVM without hardware
 * support lets it and does not say so among the features.
 */
static int enter_state(const struct kvm *kvm, const struct machine_state *state,
                       const struct kvm_features *features, bool user, struct message *message)
{
    int result = kvm_write_state(kvm, state, message);
    if (result == -EINVAL && user && !features->fs_base)
        message_say(message, 0, "This processor does not let programs set their thread pointer (FSGSBASE)",
                    "; the same image runs with --as process", "");
    return result;
}

int guest_make(struct hvt *hvt, const struct kvm *kvm, const struct guest_plan *plan, struct message *message)
{
    struct machine_range ranges[IMAGE_MAX_SEGMENTS];
    struct machine_state state = {.xcrs.nr_xcrs = 0};
    struct kvm_features features;
    struct machine_plan machine = {.memory_bytes = plan->memory_bytes,
                                   .mapped_bytes = mapped_bytes(hvt, plan),
                                   .entry = plan->image->entry,
                                   .boot_info = HVT_BOOT_INFO,
                                   .ranges = ranges};
    bool user = guest_is_user(plan->image);
    machine.range_count = list_ranges(plan->image, ranges);
    machine.guard = user ? guard_page(plan) : 0;
    int result = map_memory(hvt, kvm, plan, message);
    if (result == 0)
        result = load(&hvt->memory, plan, message);
    if (result == 0)
        result = write_boot(hvt, kvm, plan, message);
    if (result == 0)
        result = kvm_read_state(kvm, &state, &features, message);
    if (result != 0)
        return result;
    machine.xcr0 = features.xcr0;
    if (!user)
        machine_prepare_kernel(&machine, hvt->memory.host, &state);
    else if (machine_prepare_user(&machine, hvt->memory.host, (uint8_t *)HOST_TABLES, &state) != 0)
        return message_fail(message, -ENOSPC, "Could not map the guest's segments", plan->kernel);
    return enter_state(kvm, &state, &features, user, message);
}
