/* boot.h: the parser of the boot arguments; pure, so that it is tested on the host. */
#ifndef LIBOS_BOOT_H
#define LIBOS_BOOT_H

#include <bivy/boot.h>
#include <stddef.h>

struct boot {
    const char *options[BOOT_OPTION_COUNT]; /* into the parsed line; NULL: not given */
    char **argv;                            /* NULL-terminated */
    int argc;
};

/* How many words LINE may have at most: what argv must have room for, with argv[0] and the final NULL. */
size_t boot_argv_size(const char *line);

/* Splits LINE, which is changed and must live on, into BOOT by the rules of bivy/boot.h. ARGV has room
 * for boot_argv_size(LINE) pointers. A quote that is not closed ends with the line. */
void boot_parse(struct boot *boot, char *line, char **argv);

#endif
