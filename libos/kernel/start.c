/*
 * start.c: from solo5_app_main() to main().
 *
 * It stands in an archive of its own: a program that defines solo5_app_main() itself, as one written for
 * Solo5 does, is linked without it and gets the bare interface. Nothing is set up that the image does
 * not use: no copy of boot arguments if there are none.
 */
#include "libos/kernel/boot.h"
#include "libos/kernel/kernel.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

__asm__(".pushsection .bivy.licenses.bivy,\"aG\",@progbits,bivy_license_bivy,comdat\n"
        ".ascii \"bivy ISC\\n\"\n"
        ".popsection\n"
        ".pushsection .bivy.arguments,\"a\",@progbits\n"
        ".asciz \"--name\"\n"
        ".asciz \"--log\"\n"
        ".popsection\n");

int main(int argc, char **argv);

extern void (*const __init_array_start[])(void);
extern void (*const __init_array_end[])(void);

static struct boot boot;

const char *boot_option(enum boot_option option)
{
    return boot.options[option];
}

static void arguments_start(const char *cmdline)
{
    static char *no_arguments[2], no_line[1];
    size_t size = strlen(cmdline) + 1, words = boot_argv_size(cmdline);
    char **argv = no_arguments, *line = no_line;

    if (size > 1) {
        argv = malloc(words * sizeof *argv + size);
        if (!argv)
            solo5_abort();
        line = memcpy(argv + words, cmdline, size);
    }
    boot_parse(&boot, line, argv);
}

int solo5_app_main(const struct solo5_start_info *info)
{
    malloc_open(info);
    arguments_start(info->cmdline);
    libc_open(boot.argv[0]);
    for (void (*const *constructor)(void) = __init_array_start; constructor < __init_array_end; constructor++)
        (*constructor)();
    exit(main(boot.argc, boot.argv));
}
