/* report.c: see report.h. A stack is zeros before it is used: where these end is how deep it ever was. */
#include "libos/kernel/report.h"

#include "libos/kernel/heap.h"
#include "libos/kernel/kernel.h"
#include "libos/kernel/say.h"

#include <bivy/boot.h>
#include <string.h>

#define COMPLAINTS_MAX 3

extern char bivy_stack_size[];

static const char *const names[] = {"quiet", "error", "warn", "info", "debug"};

static struct {
    unsigned count;
    size_t deepest;
} threads;

bool report_is(enum report_level level)
{
    const char *wanted = boot_option(BOOT_LOG);
    size_t limit = REPORT_WARN;

    for (size_t i = 0; wanted && i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], wanted) == 0)
            limit = i;
    }
    return level <= limit;
}

void report_no_memory(size_t size, const void *caller)
{
    static unsigned complaints;
    const struct heap *heap = kernel_heap();

    if (complaints++ >= COMPLAINTS_MAX || !report_is(REPORT_WARN))
        return;
    say("out of memory: ");
    say_number(size);
    say(" bytes were asked for at ");
    say_hex((uintptr_t)caller);
    say("; the heap has ");
    say_number((heap->limit - heap->start) / 1024);
    say(" KiB, ");
    say_number((heap->limit - heap->frontier) / 1024);
    say(" of them never used at its end\n");
}

/* The bytes of the stack from LOW to HIGH that were ever written. */
static size_t stack_used(uintptr_t low, uintptr_t high)
{
    const uintptr_t *word = (const uintptr_t *)low;

    while ((uintptr_t)word < high && *word == 0)
        word++;
    return high - (uintptr_t)word;
}

void report_thread_end(uintptr_t low, uintptr_t high)
{
    size_t used;

    if (!report_is(REPORT_INFO) || low == 0)
        return;
    used = stack_used(low, high);
    threads.count++;
    if (used > threads.deepest)
        threads.deepest = used;
}

static void say_kib(const char *before, size_t bytes, const char *after)
{
    say(before);
    say_number((bytes + 1023) / 1024);
    say(after);
}

void report_end(void)
{
    const struct heap *heap = kernel_heap();
    uintptr_t high = kernel_info.heap_start + kernel_info.heap_size;

    if (!report_is(REPORT_INFO))
        return;
    say_kib("bivy: heap at most ", heap->touched - heap->start, " of ");
    say_kib("", heap->limit - heap->start, " KiB, ");
    say_kib("stack at most ", stack_used(high - (uintptr_t)bivy_stack_size, high), " of ");
    say_kib("", (uintptr_t)bivy_stack_size, " KiB");
    if (threads.count > 0) {
        say(", ");
        say_number(threads.count);
        say_kib(" threads ended with stacks of at most ", threads.deepest, " KiB");
    }
    say("\n");
}
