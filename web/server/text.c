/* text.c: making bytes of others fit to be JSON texts; see text.h. */
#include "text.h"

#include <stdlib.h>
#include <string.h>

#include "wire/utf8.h"

/* How long the well-formed character at DATA is; 0: none begins here. */
static size_t character_size(const uint8_t *data, size_t size)
{
    for (size_t n = 1; n <= 4 && n <= size; n++)
        if (utf8_is_text(data, n))
            return n;
    return 0;
}

size_t text_repair(const uint8_t *data, size_t size, char *to)
{
    static const char unknown[] = "\xef\xbf\xbd";
    size_t length = 0;
    for (size_t i = 0; i < size;) {
        size_t step = character_size(data + i, size - i);
        size_t written = step > 0 ? step : sizeof unknown - 1;
        memcpy(to + length, step > 0 ? (const char *)data + i : unknown, written);
        length += written;
        i += step > 0 ? step : 1;
    }
    to[length] = '\0';
    return length;
}

json_t *text_json(const uint8_t *data, size_t size)
{
    if (size == 0)
        return json_string("");
    if (utf8_is_text(data, size))
        return json_stringn((const char *)data, size);
    char *clean = malloc(3 * size + 1);
    json_t *json = clean != NULL ? json_stringn(clean, text_repair(data, size, clean)) : NULL;
    free(clean);
    return json;
}
