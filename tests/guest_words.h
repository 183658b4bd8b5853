/*
 * guest_words.h: reading words and printing lines, for the guests that do what their command line says.
 *
 * Static functions in a header, because each guest is one source without any library. The guest defines
 * write_console() before it includes this.
 */
#ifndef TESTS_GUEST_WORDS_H
#define TESTS_GUEST_WORDS_H

static const char *word; /* what is left of the command line */

static void print(const char *text)
{
    long size = 0;
    while (text[size] != '\0')
        size++;
    write_console(text, size);
}

static void print_number(const char *label, long number)
{
    char digits[24];
    char *first = digits + sizeof digits - 1;
    unsigned long left = number < 0 ? -(unsigned long)number : (unsigned long)number;
    *first = '\0';
    do {
        *--first = (char)('0' + left % 10);
        left /= 10;
    } while (left != 0);
    if (number < 0)
        *--first = '-';
    print(label);
    print(first);
    print("\n");
}

/* Copies the next word of the command line; 0 at its end. */
static int next_word(char to[static 256])
{
    int length = 0;
    while (*word == ' ')
        word++;
    while (*word != ' ' && *word != '\0' && length < 255)
        to[length++] = *word++;
    to[length] = '\0';
    return length;
}

static int is(const char *a, const char *b)
{
    for (; *a == *b; a++, b++)
        if (*a == '\0')
            return 1;
    return 0;
}

static long parse(const char *text)
{
    unsigned long number = 0;
    unsigned base = 10;
    if (text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2;
    }
    for (; *text != '\0'; text++)
        number = number * base + (unsigned)(*text <= '9' ? *text - '0' : (*text | 32) - 'a' + 10);
    return (long)number;
}

#endif
