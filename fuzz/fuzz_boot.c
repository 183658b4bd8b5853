/* fuzz_boot.c: any line as a unikernel's boot arguments: words stay within the line and the room they were
 * given. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libos/bindings/bindings.h"
#include "libos/kernel/boot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_word(const char *word, const char *line, size_t size)
{
    if (word < line || word + strlen(word) > line + size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct boot boot;
    enum bindings_level level;
    char *line = strndup((const char *)data, size);
    if (line == NULL)
        abort();
    size_t length = strlen(line);
    char *rest = line + (bindings_options(line, &level) - line);
    if (rest < line || rest > line + length)
        abort();
    size_t room = boot_argv_size(rest);
    char **argv = calloc(room, sizeof *argv);
    if (argv == NULL)
        abort();
    boot_parse(&boot, rest, argv);
    if (boot.argc < 1 || (size_t)boot.argc >= room || argv[boot.argc] != NULL)
        abort();
    for (int i = 1; i < boot.argc; i++)
        check_word(argv[i], line, length);
    for (size_t i = 0; i < BOOT_OPTION_COUNT; i++)
        if (boot.options[i] != NULL)
            check_word(boot.options[i], line, length);
    free(argv);
    free(line);
    return 0;
}
