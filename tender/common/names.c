/* names.c: see names.h; texts and streams are those of the Solo5 ABI facts, section 4. */
#include "tender/common/names.h"

#include <stddef.h>

#include "tender/common/system.h"

static const char *const known[] = {"solo5-hvt", "solo5-spt"};

const char *names_program(const char *path, const char *own)
{
    const char *last = path != NULL ? path : own;
    for (const char *next = last; *next != '\0'; next++)
        if (*next == '/')
            last = next + 1;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (__builtin_strcmp(last, known[i]) == 0)
            return known[i];
    return own;
}

static void print(const char *text)
{
    system_write(2, text, __builtin_strlen(text));
}

void names_print_version(const char *program)
{
    print(program);
    print(" tender, version " BIVY_VERSION "\nABI version 2\n");
}

void names_print_usage(const char *program, const char *usage)
{
    print("usage: ");
    print(program);
    print(usage);
}
