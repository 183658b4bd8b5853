/* arguments.c: see arguments.h. */
#include "tender/common/arguments.h"

#include <errno.h>

int arguments_join(char *to, size_t size, const char *const *arguments)
{
    size_t used = 0;
    for (size_t i = 0; arguments[i] != NULL; i++) {
        size_t length = __builtin_strlen(arguments[i]);
        size_t separator = i > 0;
        if (length >= size - used - separator)
            return -E2BIG;
        if (separator)
            to[used++] = ' ';
        __builtin_memcpy(to + used, arguments[i], length);
        used += length;
    }
    to[used] = '\0';
    return 0;
}
