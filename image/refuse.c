/* refuse.c: writes the reason why an image is refused; see refuse.h. */
#include "image/refuse.h"

#include "image/image.h"

/* A place in err->detail; always leaves room for the NUL. */
struct detail {
    char *next;
    char *last;
};

static void detail_add(struct detail *detail, const char *text)
{
    for (; *text != '\0' && detail->next < detail->last; text++)
        *detail->next++ = *text >= ' ' && *text <= '~' ? *text : '?';
    *detail->next = '\0';
}

static void detail_add_number(struct detail *detail, uint64_t number, unsigned base)
{
    char digits[24];
    char *first = digits + sizeof digits - 1;
    *first = '\0';
    do {
        *--first = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    detail_add(detail, first);
}

static struct detail detail_open(struct image_error *err, int code, const char *why, const char *what)
{
    struct detail detail = {err->detail, err->detail + sizeof err->detail - 1};
    err->code = code;
    err->why = why;
    detail_add(&detail, what);
    return detail;
}

int image_refuse(struct image_error *err, int code, const char *why)
{
    detail_open(err, code, why, "");
    return -code;
}

int image_refuse_hex(struct image_error *err, int code, const char *why, const char *what, uint64_t number)
{
    struct detail detail = detail_open(err, code, why, what);
    detail_add(&detail, " 0x");
    detail_add_number(&detail, number, 16);
    return -code;
}

int image_refuse_count(struct image_error *err, int code, const char *why, const char *what, uint64_t number)
{
    struct detail detail = detail_open(err, code, why, what);
    detail_add(&detail, " ");
    detail_add_number(&detail, number, 10);
    return -code;
}

int image_refuse_name(struct image_error *err, int code, const char *why, const char *what, const char *name)
{
    struct detail detail = detail_open(err, code, why, what);
    detail_add(&detail, " '");
    detail_add(&detail, name);
    detail_add(&detail, "'");
    return -code;
}
