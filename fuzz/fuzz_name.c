/* A name that is taken prints as a text that reads as the same name, and finds its way from and to every
 * parent. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/error.h"
#include "wire/name.h"

static void check_scopes(const struct name *name)
{
    struct name scope = *name;
    do {
        struct name relative, absolute;
        if (!name_relative(name, &scope, &relative) || !name_absolute(&relative, &scope, &absolute))
            abort();
        if (name_compare(name, &absolute) != 0)
            abort();
    } while (name_parent(&scope, &scope));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct name name, again;
    struct error err = {0};
    if (name_parse_bytes(&name, (struct wire_bytes){data, size}, &err) < 0) {
        if (err.text[0] == '\0')
            abort();
        return 0;
    }
    char text[NAME_TEXT_SIZE];
    size_t length = name_print(&name, text);
    if (length > NAME_TEXT_MAX || strlen(text) != length || strchr(text, '/') != NULL)
        abort();
    if (name_parse(&again, text, NULL) < 0 || name_compare(&name, &again) != 0)
        abort();
    check_scopes(&name);
    return 0;
}
