/* fuzz_manifest.c: any bytes as manifest.json: what is taken becomes an assembler source of the right size.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "cli/build_manifest.c"
#include "host/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Names in the source; each must be one word that needs no escaping. */
static size_t count_entries(char *text)
{
    size_t names = 0;
    for (char *at = text; (at = strstr(at, "    .ascii \"")) != NULL; at++) {
        char *name = at + sizeof "    .ascii \"" - 1;
        if (strcspn(name, "\"\\\n") > MFT_NAME_MAX || name[strcspn(name, "\"\\\n")] != '"')
            abort();
        names++;
    }
    return names;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    char path[64];
    char *text = NULL;
    size_t text_size = 0;
    cleanup_fd int fd = memfd_create("manifest", MFD_CLOEXEC);
    FILE *out = open_memstream(&text, &text_size);
    if (fd < 0 || out == NULL || fd_write_all(fd, data, size) < 0)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int result = build_manifest_write(path, out, &err);
    fclose(out);
    if (result == 0 ? count_entries(text) < 1 || count_entries(text) > MFT_MAX_ENTRIES
                    : err.text[0] == '\0' || text_size != 0)
        abort();
    free(text);
    return 0;
}
