/*
 * inspect_calls.c: `bivy inspect --syscalls`: the system calls that an image has an answer to.
 *
 * Each is a function (libos/posix), and its symbol says so; one that only fails has a second name.
 */
#define _GNU_SOURCE
#include "inspect_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/symbols.h"
#include "host/error.h"
#include "host/fd.h"

#define CALL   "posix_call_"
#define ABSENT "posix_absent_"
#define MOST   1024

struct calls {
    char (*names)[SYMBOLS_NAME_SIZE];
    size_t count;
};

/* Keeps NAME without PREFIX, if that is what it begins with. */
static void keep(struct calls *calls, const char *name, const char *prefix)
{
    size_t size = strlen(prefix);
    if (strncmp(name, prefix, size) == 0 && calls->count < MOST)
        strcpy(calls->names[calls->count++], name + size);
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void print_calls(struct calls *present, struct calls *absent)
{
    qsort(present->names, present->count, sizeof *present->names, compare);
    qsort(absent->names, absent->count, sizeof *absent->names, compare);
    for (size_t i = 0; i < present->count; i++) {
        bool fails = bsearch(present->names[i], absent->names, absent->count, sizeof *absent->names, compare);
        printf("%s%s\n", present->names[i], fails ? " (fails)" : "");
    }
}

int inspect_calls_print(const char *path, struct error *err)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct symbols *symbols = fd < 0 ? NULL : symbols_read(fd);
    struct calls present = {calloc(MOST, SYMBOLS_NAME_SIZE), 0},
                 absent = {calloc(MOST, SYMBOLS_NAME_SIZE), 0};
    char name[SYMBOLS_NAME_SIZE];
    int result = fd < 0 ? error_set(err, errno, "open image", path, NULL) : 0;
    if (result == 0 && (present.names == NULL || absent.names == NULL))
        result = error_set(err, ENOMEM, "inspect", path, NULL);
    for (size_t i = 0; result == 0 && symbols_name(symbols, i, name); i++) {
        keep(&present, name, CALL);
        keep(&absent, name, ABSENT);
    }
    if (result == 0)
        print_calls(&present, &absent);
    free(present.names);
    free(absent.names);
    symbols_free(symbols);
    return result;
}
