/* utf8.c: whether bytes are text; see utf8.h. */
#include "wire/utf8.h"

/* The forms of RFC 3629, section 4: a range of first bytes, how many follow, and the range of the second
 * byte, which excludes long forms, surrogates and what lies above U+10FFFF. */
static const struct form {
    uint8_t first_low, first_high, more, second_low, second_high;
} forms[] = {
    {0x01, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
    {0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf},
    {0xf0, 0xf0, 3, 0x90, 0xbf}, {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

static const struct form *find_form(uint8_t first)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (first >= forms[i].first_low && first <= forms[i].first_high)
            return &forms[i];
    return NULL;
}

bool utf8_is_text(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size;) {
        const struct form *form = find_form(data[i]);
        if (form == NULL || form->more > size - i - 1)
            return false;
        if (form->more > 0 && (data[i + 1] < form->second_low || data[i + 1] > form->second_high))
            return false;
        for (size_t k = 2; k <= form->more; k++)
            if ((data[i + k] & 0xc0) != 0x80)
                return false;
        i += (size_t)form->more + 1;
    }
    return true;
}
