/* call.c: see call.h. */
#define _GNU_SOURCE
#include "debug/call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "bivy/abi/spt.h"
#include "debug/call_names.h"

struct text {
    char *at;
    size_t room;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text->at, text->room, format, args);
    va_end(args);
    size_t used = n < 0 ? 0 : (size_t)n < text->room ? (size_t)n : text->room - 1;
    text->at += used;
    text->room -= used;
}

static const char *device_name(const struct call_device *devices, uint64_t fd)
{
    for (size_t i = 1; i < CALL_DEVICES_MAX; i++)
        if (devices[i].fd >= 0 && (uint64_t)devices[i].fd == fd)
            return devices[i].name;
    return "no device";
}

static void add_seconds(struct text *text, int64_t time_ns)
{
    add(text, "%lld.%09lld", (long long)(time_ns / 1000000000), (long long)(time_ns % 1000000000));
}

static void add_transfer(struct text *text, const struct call *call, const struct call_device *devices)
{
    bool is_read = call->number == SYS_read || call->number == SYS_pread64;
    const char *verb = is_read ? "read" : "write";
    const uint64_t *a = call->arguments;
    if (call->number == SYS_write && a[0] == 1)
        add(text, "console_write(%llu bytes)", (unsigned long long)a[2]);
    else if (call->number == SYS_read || call->number == SYS_write)
        add(text, "net_%s(%s, %llu bytes)", verb, device_name(devices, a[0]), (unsigned long long)a[2]);
    else
        add(text, "block_%s(%s, offset %llu, %llu bytes)", verb, device_name(devices, a[0]),
            (unsigned long long)a[3], (unsigned long long)a[2]);
    if (!call->returned || call->result < 0)
        return;
    add(text, " = OK");
    /* A frame is as long as it is; less of anything else is news. */
    if (call->result != (int64_t)a[2])
        add(text, ", %lld bytes", (long long)call->result);
}

static void add_events(struct text *text, const struct call *call, const struct call_device *devices)
{
    add(text, " = {");
    for (size_t i = 0; i < call->event_count && i < CALL_EVENTS_MAX; i++) {
        uint64_t handle = call->events[i];
        const char *name = handle == SPT_EVENT_TIMER                              ? "timer"
                           : handle < CALL_DEVICES_MAX && devices[handle].fd >= 0 ? devices[handle].name
                                                                                  : "unknown";
        add(text, "%s%s", i > 0 ? ", " : "", name);
    }
    add(text, "}");
}

static void add_other(struct text *text, const struct call *call)
{
    const uint64_t *a = call->arguments;
    const char *name = call->number < CALL_NAMES_SIZE ? call_names[call->number] : NULL;
    if (name != NULL)
        add(text, "%s", name);
    else
        add(text, "call %llu", (unsigned long long)call->number);
    add(text, "(0x%llx, 0x%llx, 0x%llx)", (unsigned long long)a[0], (unsigned long long)a[1],
        (unsigned long long)a[2]);
    /* None of these is ever allowed; the "result" that a tracer sees is the call's number put back. */
    add(text, " = killed");
}

static bool is_known(uint64_t number)
{
    static const uint64_t known[] = {SYS_read,          SYS_write,      SYS_pread64,         SYS_pwrite64,
                                     SYS_clock_gettime, SYS_arch_prctl, SYS_timerfd_settime, SYS_epoll_pwait,
                                     SYS_exit_group};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i] == number)
            return true;
    return false;
}

static void add_result(struct text *text, const struct call *call)
{
    if (!is_known(call->number))
        return;
    if (call->returned && call->result == -EAGAIN)
        add(text, " = AGAIN");
    else if (call->returned && call->result < 0 && call->result >= -4095)
        add(text, " = %s",
            strerrorname_np((int)-call->result) ? strerrorname_np((int)-call->result) : "error");
    else if (!call->returned && call->number != SYS_exit_group)
        add(text, " = killed");
}

static void add_clock(struct text *text, const struct call *call)
{
    add(text, "clock_%s()", call->arguments[0] == CLOCK_MONOTONIC ? "monotonic" : "wall");
    if (!call->returned || call->result < 0)
        return;
    add(text, " = ");
    add_seconds(text, call->time_ns);
}

void call_describe(const struct call *call, const struct call_device devices[static CALL_DEVICES_MAX],
                   char text[static CALL_TEXT_SIZE])
{
    struct text out = {text, CALL_TEXT_SIZE};
    text[0] = '\0';
    switch (call->number) {
    case SYS_read:
    case SYS_write:
    case SYS_pread64:
    case SYS_pwrite64:
        add_transfer(&out, call, devices);
        break;
    case SYS_clock_gettime:
        add_clock(&out, call);
        break;
    case SYS_timerfd_settime:
        add(&out, "yield: deadline ");
        add_seconds(&out, call->time_ns);
        break;
    case SYS_epoll_pwait:
        add(&out, "yield()");
        if (call->returned && call->result >= 0)
            add_events(&out, call, devices);
        break;
    case SYS_arch_prctl:
        add(&out, "set_tls_base(0x%llx)%s", (unsigned long long)call->arguments[1],
            call->returned && call->result == 0 ? " = OK" : "");
        break;
    case SYS_exit_group:
        add(&out, "exit(%d)", (int)call->arguments[0]);
        break;
    default:
        add_other(&out, call);
    }
    add_result(&out, call);
}
