/*
 * build_size.c: what an image is made of, from the linker's map.
 *
 * A line of the map says which bytes of which object went where. Counted are the bytes of the file; memory
 * that begins as zeros costs the file nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "build.h"
#include "host/error.h"

enum part {
    PART_PROGRAM,
    PART_FILES,
    PART_LIBC,
    PART_NET,
    PART_KERNEL,
    PART_BINDINGS,
    PART_HEADERS,
    PART_PADDING,
    PART_SYMBOLS,
    PART_COUNT
};

static const char *const part_names[PART_COUNT] = {
    [PART_PROGRAM] = "your program",   [PART_FILES] = "files",
    [PART_LIBC] = "C library",         [PART_NET] = "TCP/IP",
    [PART_KERNEL] = "library OS",      [PART_BINDINGS] = "bindings",
    [PART_HEADERS] = "headers, notes", [PART_PADDING] = "padding",
    [PART_SYMBOLS] = "symbol table",
};

static const struct {
    const char *text; /* in the path of an object */
    enum part part;
} archives[] = {
    {"/libc.a(", PART_LIBC},        {"/libgcc.a(", PART_LIBC},     {"/libnet.a(", PART_NET},
    {"/libkernel.a(", PART_KERNEL}, {"/libposix.a(", PART_KERNEL}, {"/libbindings_", PART_BINDINGS},
};

struct sizes {
    uint64_t bytes[PART_COUNT];
    char section[64]; /* the output section whose lines are being read */
    const char *work;
};

static enum part part_of(const struct sizes *sizes, const char *object)
{
    if (strcmp(sizes->section, ".bivy.files") == 0)
        return PART_FILES;
    if (strncmp(sizes->section, ".note", 5) == 0 || strcmp(sizes->section, ".interp") == 0)
        return PART_HEADERS;
    for (size_t i = 0; i < sizeof archives / sizeof *archives; i++) {
        if (strstr(object, archives[i].text))
            return archives[i].part;
    }
    return PART_PROGRAM;
}

static bool section_has_bytes(const char *name)
{
    static const char *const names[] = {".text",       ".rodata",     ".data",      ".tdata",
                                        ".init_array", ".fini_array", ".bivy.files"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

/* One contribution: ADDRESS and SIZE in hexadecimal, then the object's path, or nothing after a fill. */
static void read_contribution(struct sizes *sizes, const char *text, bool fill)
{
    unsigned long long address, size;
    char object[PATH_MAX] = "";

    if (!section_has_bytes(sizes->section) ||
        sscanf(text, " 0x%llx 0x%llx %4095[^\n]", &address, &size, object) < 2)
        return;
    if (fill)
        sizes->bytes[PART_PADDING] += size;
    else if (object[0] && address != 0)
        sizes->bytes[part_of(sizes, object)] += size;
}

/*
 * The map's lines: an output section begins in the first column; an input section begins after one space
 * with a name, and goes on in the next line if the name is long.
 */
static void read_line(struct sizes *sizes, const char *line, bool *name_only)
{
    size_t size;

    if (line[0] == '.' || (line[0] > ' ' && line[0] != '*')) {
        snprintf(sizes->section, sizeof sizes->section, "%.*s", (int)strcspn(line, " \n"), line);
        *name_only = false;
        return;
    }
    if (strncmp(line, " *fill*", 7) == 0) {
        read_contribution(sizes, line + 7, true);
        return;
    }
    if (line[0] == ' ' && (line[1] == '.' || strncmp(line + 1, "COMMON", 6) == 0)) {
        size = 1 + strcspn(line + 1, " \n");
        *name_only = line[size] == '\n' || line[size] == '\0';
        if (!*name_only)
            read_contribution(sizes, line + size, false);
        return;
    }
    if (*name_only)
        read_contribution(sizes, line, false);
    *name_only = false;
}

static int read_map(struct sizes *sizes, const char *map, struct error *err)
{
    FILE *file = fopen(map, "re");
    bool name_only = false, started = false;
    char *line = NULL;
    size_t capacity = 0;

    if (!file)
        return error_set(err, errno, "read map", map, NULL);
    while (getline(&line, &capacity, file) > 0) {
        if (started)
            read_line(sizes, line, &name_only);
        else
            started = strncmp(line, "Linker script and memory map", 28) == 0;
    }
    free(line);
    fclose(file);
    return 0;
}

/* The file's bytes up to the end of what is loaded: the end of the last segment with bytes. */
static uint64_t loaded_end(const char *path)
{
    struct {
        uint8_t unused[32];
        uint64_t phoff, shoff;
    } header;
    FILE *file = fopen(path, "re");
    uint64_t end = 0;

    if (!file)
        return 0;
    if (fread(&header, sizeof header, 1, file) == 1) {
        struct {
            uint32_t type, flags;
            uint64_t offset, address, physical, file_size, memory_size, align;
        } segment;
        fseek(file, (long)header.phoff, SEEK_SET);
        for (int i = 0; i < 8 && fread(&segment, sizeof segment, 1, file) == 1; i++) {
            if (segment.type == 1 && segment.offset + segment.file_size > end)
                end = segment.offset + segment.file_size;
        }
    }
    fclose(file);
    return end;
}

static void print_bytes(FILE *out, const char *name, uint64_t bytes)
{
    if (bytes > 0)
        fprintf(out, "  %-16s %9.1f KiB\n", name, (double)bytes / 1024);
}

int build_size_print(const char *path, const char *map, const char *work, FILE *out, struct error *err)
{
    struct sizes sizes = {.work = work};
    uint64_t loaded = loaded_end(path), counted = 0;
    struct stat st;
    int result =
        stat(path, &st) < 0 ? error_set(err, errno, "read image", path, NULL) : read_map(&sizes, map, err);

    if (result < 0)
        return result;
    for (size_t i = 0; i < PART_HEADERS; i++)
        counted += sizes.bytes[i];
    counted += sizes.bytes[PART_PADDING];
    sizes.bytes[PART_HEADERS] = loaded > counted ? loaded - counted : 0;
    sizes.bytes[PART_SYMBOLS] = (uint64_t)st.st_size - loaded;
    fprintf(out, "%s: %.1f KiB\n", path, (double)st.st_size / 1024);
    for (size_t i = 0; i < PART_COUNT; i++)
        print_bytes(out, part_names[i], sizes.bytes[i]);
    return 0;
}
