/* cmdline.c: see cmdline.h. */
#include "libos/bindings/virtio/cmdline.h"

#include <stdbool.h>

void virtio_places_add(struct virtio_places *places, uint64_t address, uint32_t interrupt)
{
    for (size_t i = 0; i < places->count; i++) {
        if (places->place[i].address == address)
            return;
    }
    if (places->count < PLACES_MOST)
        places->place[places->count++] = (struct virtio_place){address, interrupt};
}

static int digit(char c, unsigned base)
{
    int value = c >= '0' && c <= '9'                 ? c - '0'
                : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                     : -1;

    return value < (int)base ? value : -1;
}

/* Takes a decimal or 0x number off *TEXT; false if there is none, or it has more than 64 bits. */
static bool number_take(const char **text, uint64_t *number)
{
    const char *at = *text;
    unsigned base = at[0] == '0' && (at[1] | 32) == 'x' ? 16 : 10;

    at += base == 16 ? 2 : 0;
    if (digit(*at, base) < 0)
        return false;
    for (*number = 0; digit(*at, base) >= 0; at++) {
        if (__builtin_mul_overflow(*number, base, number) ||
            __builtin_add_overflow(*number, (unsigned)digit(*at, base), number))
            return false;
    }
    *text = at;
    return true;
}

/* SIZE@ADDRESS:IRQ, perhaps with a unit behind the size and ":NUMBER" at the end. */
static void place_read(const char *text, struct virtio_places *places)
{
    uint64_t size, address, interrupt;

    if (!number_take(&text, &size))
        return;
    if ((*text | 32) == 'k' || (*text | 32) == 'm')
        text++;
    if (*text++ != '@' || !number_take(&text, &address) || *text++ != ':' ||
        !number_take(&text, &interrupt) || interrupt > UINT32_MAX || (*text && *text != ' ' && *text != ':'))
        return;
    virtio_places_add(places, address, (uint32_t)interrupt);
}

/* The end of the word at TEXT, by the rules of the boot arguments: quotes and backslashes hide a space. */
static char *word_end(char *text)
{
    for (char quote = 0; *text && (quote || *text != ' '); text++) {
        if (*text == '\\' && quote != '\'' && text[1])
            text++;
        else if (quote ? *text == quote : *text == '\'' || *text == '"')
            quote = quote ? 0 : *text;
    }
    return text;
}

/* What of the word at TEXT follows PREFIX, or NULL if it begins otherwise. */
static const char *after(const char *text, const char *prefix)
{
    while (*prefix && *text == *prefix)
        text++, prefix++;
    return *prefix ? NULL : text;
}

char *virtio_cmdline_split(char *line, struct virtio_places *places)
{
    char *out = line, *end, *ours = line;
    bool divided = false;

    for (char *in = line; *in; in = end) {
        const char *device;
        while (*in == ' ')
            in++;
        end = word_end(in);
        device = after(in, "virtio_mmio.device=");
        if (device) {
            place_read(device, places);
        } else if (!divided && end - in == 2 && in[0] == '-' && in[1] == '-') {
            divided = true;
            ours = out;
        } else if (end > in) {
            if (out > ours)
                *out++ = ' ';
            while (in < end)
                *out++ = *in++;
        }
    }
    *out = '\0';
    return ours;
}
