/* start.c: from the tender's jump to the application, and what needs no device. Source: the Solo5 ABI facts,
 * section 1.3. */
#include "libos/bindings/bindings.h"
#include "libos/bindings/x86_64/syscall.h"

#define PAGE_SIZE    4096u
#define LEAST_MEMORY 0x80000u /* bytes behind the image: heap and stack */

extern char _end[]; /* by the linker script: the end of the image with its bss */

/* The name and the meaning are the compiler's; a NUL in the second byte stops string overruns. */
uintptr_t __stack_chk_guard __attribute__((visibility("default")));
void __stack_chk_fail(void) __attribute__((noreturn));

const struct bindings_ops *bindings_ops;
struct bindings_boot bindings_boot;
enum bindings_level bindings_level = BINDINGS_WARN;

void solo5_exit(int status)
{
    bindings_ops->exit(status);
}

void solo5_abort(void)
{
    solo5_exit(SOLO5_EXIT_ABORT);
}

void __stack_chk_fail(void)
{
    bindings_log(BINDINGS_ERROR, "bivy: a function wrote past a buffer on its stack: aborted\n");
    solo5_abort();
}

void solo5_console_write(const char *buf, size_t size)
{
    bindings_ops->console_write(buf, size);
}

void bindings_log(enum bindings_level level, const char *text)
{
    size_t size = 0;

    while (text[size])
        size++;
    if (level <= bindings_level)
        solo5_console_write(text, size);
}

solo5_time_t solo5_clock_monotonic(void)
{
    return bindings_ops->clock_monotonic();
}

solo5_time_t solo5_clock_wall(void)
{
    return bindings_ops->clock_wall();
}

solo5_result_t solo5_set_tls_base(uintptr_t base)
{
    return bindings_ops->set_tls_base(base);
}

void solo5_yield(solo5_time_t deadline, solo5_handle_set_t *ready_set)
{
    solo5_handle_set_t ready = bindings_ops->yield(deadline);

    if (ready_set)
        *ready_set = ready;
}

__attribute__((noinline, noreturn)) static void application_start(void)
{
    uintptr_t heap = ((uintptr_t)_end + PAGE_SIZE - 1) & ~(uintptr_t)(PAGE_SIZE - 1);
    struct solo5_start_info info = {.heap_start = heap};

    info.cmdline = bindings_options(bindings_boot.cmdline, &bindings_level);
    bindings_log(BINDINGS_INFO, bindings_ops->banner);
    if (heap + LEAST_MEMORY > bindings_boot.mem_size) {
        bindings_log(BINDINGS_ERROR, "bivy: not enough memory for this image: give it more (--mem)\n");
        solo5_abort();
    }
    info.heap_size = bindings_boot.mem_size - heap;
    solo5_exit(solo5_app_main(&info));
}

/* Unprotected: in this frame the guard itself gets its value. */
__attribute__((no_stack_protector)) void bindings_start(const void *boot)
{
    uint64_t cycles = cpu_cycles();

    __stack_chk_guard = (cycles + (cycles << 32)) & ~(uintptr_t)0xff00;
    bindings_ops = bindings_choose(boot);
    bindings_boot = bindings_ops->open(boot);
    bindings_ops->set_tls_base(0);
    application_start();
}
