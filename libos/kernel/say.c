/*
 * say.c: see say.h.
 *
 * What comes without an end of line is kept until that comes, so that a line is one message on the console.
 */
#include "libos/kernel/say.h"

#include <solo5.h>
#include <string.h>

static char line[256];
static size_t used;

static void flush(void)
{
    solo5_console_write(line, used);
    used = 0;
}

void say(const char *text)
{
    for (; *text; text++) {
        line[used++] = *text;
        if (*text == '\n' || used == sizeof line)
            flush();
    }
}

static void say_digits(uintptr_t value, unsigned base)
{
    char digits[24], *first = digits + sizeof digits - 1;

    *first = '\0';
    do
        *--first = "0123456789abcdef"[value % base];
    while ((value /= base) > 0);
    say(first);
}

void say_number(unsigned long number)
{
    say_digits(number, 10);
}

void say_hex(uintptr_t value)
{
    say("0x");
    say_digits(value, 16);
}
