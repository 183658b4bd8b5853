/* error.c: the text of a failure; see error.h. */
#define _GNU_SOURCE
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void make_printable(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p != '\0'; p++)
        if (*p < 0x20 || *p == 0x7f)
            *p = '?';
}

int error_set(struct error *err, int code, const char *what, const char *which, const char *why, ...)
{
    if (err == NULL)
        return -code;
    char reason[256];
    if (why != NULL) {
        va_list args;
        va_start(args, why);
        vsnprintf(reason, sizeof reason, why, args);
        va_end(args);
    } else {
        snprintf(reason, sizeof reason, "%s", strerror(code));
    }
    err->code = code;
    err->hint[0] = '\0';
    if (which != NULL && which[0] != '\0')
        snprintf(err->text, sizeof err->text, "%s: %s: %s", what, which, reason);
    else
        snprintf(err->text, sizeof err->text, "%s: %s", what, reason);
    make_printable(err->text);
    return -code;
}

void error_hint(struct error *err, const char *hint, ...)
{
    if (err == NULL)
        return;
    va_list args;
    va_start(args, hint);
    vsnprintf(err->hint, sizeof err->hint, hint, args);
    va_end(args);
    make_printable(err->hint);
}

#define HINT_MARK "\nhint: "

size_t error_to_text(const struct error *err, char *text, size_t size)
{
    int length = snprintf(text, size, "%s%s%s", err->text, err->hint[0] != '\0' ? HINT_MARK : "", err->hint);
    return (size_t)length < size ? (size_t)length : size - 1;
}

/* Copies the bytes from TEXT to END, as many as fit, as one printable line. */
static void copy_line(char *to, size_t to_size, const char *text, const char *end)
{
    size_t size = (size_t)(end - text) < to_size ? (size_t)(end - text) : to_size - 1;
    memcpy(to, text, size);
    to[size] = '\0';
    make_printable(to);
}

int error_from_text(struct error *err, int code, const char *text, size_t size)
{
    if (err == NULL)
        return -code;
    const char *end = text + size;
    const char *mark = memmem(text, size, HINT_MARK, strlen(HINT_MARK));
    *err = (struct error){.code = code};
    copy_line(err->text, sizeof err->text, text, mark != NULL ? mark : end);
    if (mark != NULL)
        copy_line(err->hint, sizeof err->hint, mark + strlen(HINT_MARK), end);
    return -code;
}

void error_print(const struct error *err, const char *program)
{
    fprintf(stderr, "%s: %s\n", program, err->text);
    if (err->hint[0] != '\0')
        fprintf(stderr, "hint: %s\n", err->hint);
}
