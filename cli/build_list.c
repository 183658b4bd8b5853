/* build_list.c: the growing list of texts that command lines are made of. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"

/* Appends TEXT, which the list then owns; NULL is -ENOMEM. */
static int list_take(struct build_list *list, char *text)
{
    if (text && list->count + 2 > list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 32;
        char **items = reallocarray(list->items, capacity, sizeof *items);
        if (!items) {
            free(text);
            return -ENOMEM;
        }
        list->items = items;
        list->capacity = capacity;
    }
    if (!text)
        return -ENOMEM;
    list->items[list->count++] = text;
    list->items[list->count] = NULL;
    return 0;
}

int build_list_add(struct build_list *list, const char *text)
{
    return list_take(list, strdup(text));
}

int build_list_addf(struct build_list *list, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    return list_take(list, text);
}

void build_list_free(struct build_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct build_list){0};
}
