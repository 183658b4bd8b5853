/* trace.c: see trace.h. */
#define _GNU_SOURCE
#include "debug/trace.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include "bivy/abi/spt.h"
#include "debug/call.h"
#include "debug/guest.h"
#include "debug/vm.h"
#include "image/image.h"

struct trace {
    const struct guest *guest;
    FILE *out;
    bool started; /* the guest has made its first call */
    bool in_call;
    uint64_t start_ns, call_ns; /* CLOCK_MONOTONIC */
    struct call call;
    struct call_device devices[CALL_DEVICES_MAX];
};

struct trace *trace_new(const struct guest *guest, FILE *out)
{
    struct trace *trace = calloc(1, sizeof *trace);
    if (trace == NULL)
        return NULL;
    trace->guest = guest;
    trace->out = out;
    for (size_t i = 0; i < CALL_DEVICES_MAX; i++)
        trace->devices[i].fd = -1;
    return trace;
}

void trace_free(struct trace *trace)
{
    free(trace);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The descriptors stand in the guest's boot information; the names are the image's own. */
static void find_devices(struct trace *trace)
{
    struct spt_boot_info info;
    struct image_manifest seen;
    const struct image_manifest *manifest = &trace->guest->image->manifest;
    memset(&seen, 0, sizeof seen);
    if (guest_read(trace->guest, SPT_BOOT_INFO, &info, sizeof info) != sizeof info)
        return;
    guest_read(trace->guest, info.mft, &seen, sizeof seen);
    for (uint32_t i = 1; i < manifest->entries && i < CALL_DEVICES_MAX; i++) {
        struct call_device *device = &trace->devices[i];
        device->fd = seen.e[i].attached ? seen.e[i].b.hostfd : -1;
        device->is_block = manifest->e[i].type == MFT_DEV_BLOCK_BASIC;
        memcpy(device->name, manifest->e[i].name, sizeof device->name);
        device->name[sizeof device->name - 1] = '\0';
    }
}

static void read_time(struct trace *trace, uint64_t address)
{
    struct timespec time = {0};
    guest_read(trace->guest, address, &time, sizeof time);
    if (__builtin_mul_overflow((int64_t)time.tv_sec, INT64_C(1000000000), &trace->call.time_ns) ||
        __builtin_add_overflow(trace->call.time_ns, (int64_t)time.tv_nsec, &trace->call.time_ns) ||
        trace->call.time_ns < 0)
        trace->call.time_ns = 0;
}

static void read_events(struct trace *trace)
{
    struct call *call = &trace->call;
    struct epoll_event events[CALL_EVENTS_MAX];
    size_t count = call->result > 0 ? (size_t)call->result : 0;
    if (count > CALL_EVENTS_MAX)
        count = CALL_EVENTS_MAX;
    call->event_count =
        guest_read(trace->guest, call->arguments[1], events, count * sizeof events[0]) / sizeof events[0];
    for (size_t i = 0; i < call->event_count; i++)
        call->events[i] = events[i].data.u64;
}

static void print_line(const struct trace *trace, uint64_t start_ns, uint64_t end_ns, const char *text,
                       const char *suffix)
{
    /* What an entry of the ring is part of is told after it, and began before. */
    uint64_t at = start_ns > trace->start_ns ? start_ns - trace->start_ns : 0;
    uint64_t took = end_ns - start_ns;
    fprintf(trace->out, "%6llu.%06llu %s%s", (unsigned long long)(at / 1000000000),
            (unsigned long long)(at / 1000 % 1000000), text, suffix);
    if (end_ns != 0)
        fprintf(trace->out, " <%llu.%06llu>", (unsigned long long)(took / 1000000000),
                (unsigned long long)(took / 1000 % 1000000));
    fputc('\n', trace->out);
}

static void print(struct trace *trace)
{
    char text[CALL_TEXT_SIZE];
    call_describe(&trace->call, trace->devices, text);
    print_line(trace, trace->call_ns, trace->call.returned ? now_ns() : 0, text, "");
}

static void enter(struct trace *trace, const struct __ptrace_syscall_info *info)
{
    /* What comes before is the tender's; its trampoline lies below the image. */
    if (info->instruction_pointer < SPT_GUEST_MIN || info->instruction_pointer >= trace->guest->memory_size)
        return;
    trace->call = (struct call){.number = info->entry.nr};
    memcpy(trace->call.arguments, info->entry.args, sizeof trace->call.arguments);
    trace->call_ns = now_ns();
    if (!trace->started) {
        trace->started = true;
        trace->start_ns = trace->call_ns;
        find_devices(trace);
    }
    if (trace->call.number == SYS_timerfd_settime)
        read_time(trace, trace->call.arguments[2] + offsetof(struct itimerspec, it_value));
    trace->in_call = true;
}

void trace_stop(struct trace *trace)
{
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, trace->guest->pid, sizeof info, &info) < 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
        enter(trace, &info);
    if (info.op != PTRACE_SYSCALL_INFO_EXIT || !trace->in_call)
        return;
    trace->in_call = false;
    trace->call.returned = true;
    trace->call.result = info.exit.rval;
    if (trace->call.number == SYS_clock_gettime)
        read_time(trace, trace->call.arguments[1]);
    if (trace->call.number == SYS_epoll_pwait)
        read_events(trace);
    print(trace);
}

/* A virtual machine's guest knows its devices by their handles. */
static void name_devices(struct trace *trace)
{
    const struct image_manifest *manifest = &trace->guest->image->manifest;
    for (uint32_t i = 1; i < manifest->entries && i < CALL_DEVICES_MAX; i++) {
        trace->devices[i].fd = (int)i + VM_FIRST_FD;
        trace->devices[i].is_block = manifest->e[i].type == MFT_DEV_BLOCK_BASIC;
        snprintf(trace->devices[i].name, sizeof trace->devices[i].name, "%s", manifest->e[i].name);
    }
}

void trace_vm(struct trace *trace)
{
    const struct vm_call *from = &trace->guest->report.call;
    char text[CALL_TEXT_SIZE];
    if (!trace->started) {
        trace->started = true;
        trace->start_ns = from->start_ns;
        name_devices(trace);
    }
    vm_call(trace->guest, &trace->call);
    if (from->number == VM_CALL_KICK)
        snprintf(text, sizeof text, "ring()");
    else
        call_describe(&trace->call, trace->devices, text);
    print_line(trace, from->start_ns, from->end_ns, text, from->in_ring ? " in the ring" : "");
}

void trace_end(struct trace *trace)
{
    if (trace->in_call)
        print(trace);
    trace->in_call = false;
}
