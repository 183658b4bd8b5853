/* option.c: reading a command line against a table; see option.h. */
#include "option.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/error.h"

#define MIB (INT64_C(1) << 20)

int option_parse_number(const char *text, int64_t least, int64_t most, int64_t *value)
{
    char *end;
    /* strtoll() would also take leading blanks and a '+'. */
    if (!isdigit((unsigned char)text[0]) && !(text[0] == '-' && isdigit((unsigned char)text[1])))
        return -EINVAL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (*end != '\0')
        return -EINVAL;
    if (errno != 0 || number < least || number > most)
        return -ERANGE;
    *value = number;
    return 0;
}

/* The bytes of a unit, UNIT if there is none, or 0 for one that is not known. */
static int64_t unit_bytes(const char *text, int64_t unit)
{
    static const char letters[] = "KMGT";
    if (*text == '\0')
        return unit;
    const char *letter = strchr(letters, toupper((unsigned char)*text));
    if (letter == NULL)
        return 0;
    text++;
    if (*text == 'i')
        text++;
    if (*text == 'B' || *text == 'b')
        text++;
    return *text == '\0' ? INT64_C(1) << (10 * (letter - letters + 1)) : 0;
}

int option_parse_size(const char *text, int64_t unit, int64_t *bytes)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return -EINVAL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    int64_t factor = unit_bytes(end, unit);
    if (factor == 0)
        return -EINVAL;
    if (errno != 0 || __builtin_mul_overflow((int64_t)number, factor, bytes))
        return -ERANGE;
    return 0;
}

const struct option_row *option_find(const struct option_row *rows, const char *name, size_t size)
{
    for (const struct option_row *row = rows; row != NULL && row->name != NULL; row++)
        if (strlen(row->name) == size && memcmp(row->name, name, size) == 0)
            return row;
    return NULL;
}

const struct option_row *option_find_letter(const struct option_row *rows, char letter)
{
    for (const struct option_row *row = rows; row != NULL && row->name != NULL; row++)
        if (letter != '\0' && row->letter == letter)
            return row;
    return NULL;
}

static int store_number(const struct option_row *row, const char *text, struct option_number *number,
                        struct error *err)
{
    int64_t least = row->least;
    int64_t most = row->most != 0 ? row->most : INT64_MAX;
    int result = option_parse_number(text, least, most, &number->value);
    number->given = true;
    if (result == -ERANGE && row->most != 0)
        return error_set(err, EINVAL, row->name, text, "not within %lld..%lld", (long long)least,
                         (long long)most);
    if (result == -ERANGE)
        return error_set(err, EINVAL, row->name, text, "out of range; the least is %lld", (long long)least);
    return result < 0 ? error_set(err, EINVAL, row->name, text, "not a number") : 0;
}

static int store_memory(const struct option_row *row, const char *text, struct option_number *number,
                        struct error *err)
{
    int64_t bytes;
    int result = option_parse_size(text, MIB, &bytes);
    if (result == 0 && (bytes == 0 || bytes > INT64_MAX - MIB))
        result = -ERANGE;
    if (result < 0) {
        error_set(err, EINVAL, row->name, text, result == -ERANGE ? "out of range" : "not a size");
        error_hint(err, "a number of MiB, or one with a unit: 32, 64M, 2G");
        return -EINVAL;
    }
    number->given = true;
    number->value = (bytes + MIB - 1) / MIB;
    return 0;
}

static int store_choice(const struct option_row *row, const char *text, int *choice, struct error *err)
{
    char all[128] = "";
    size_t used = 0;
    for (int i = 0; row->choices[i] != NULL; i++) {
        if (strcmp(row->choices[i], text) == 0) {
            *choice = i;
            return 0;
        }
        int n = snprintf(all + used, sizeof all - used, "%s%s", i > 0 ? ", " : "", row->choices[i]);
        used += n > 0 && (size_t)n < sizeof all - used ? (size_t)n : 0;
    }
    return error_set(err, EINVAL, row->name, text, "not one of %s", all);
}

static int store_list(const struct option_row *row, const char *text, struct option_list *list,
                      struct error *err)
{
    if (list->count == OPTION_LIST_MAX)
        return error_set(err, EINVAL, row->name, text, "given more than %d times", OPTION_LIST_MAX);
    list->items[list->count++] = text;
    return 0;
}

static int store(const struct option_row *row, const char *text, void *values, struct error *err)
{
    void *place = (char *)values + row->offset;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)place = true;
        return 0;
    case OPTION_TEXT:
        *(const char **)place = text;
        return 0;
    case OPTION_NUMBER:
        return store_number(row, text, place, err);
    case OPTION_MEMORY:
        return store_memory(row, text, place, err);
    case OPTION_CHOICE:
        return store_choice(row, text, place, err);
    case OPTION_LIST:
        return store_list(row, text, place, err);
    }
    return -EINVAL;
}

/* Where the reading stands. */
struct reader {
    const struct option_row *rows;
    int argc, next;
    char **argv;
    void *values;
    struct option_result *result;
};

static int unknown_option(const char *text, struct error *err)
{
    return error_set(err, EINVAL, "read command line", text, "no such option");
}

/* Stores ROW's value: INLINE_VALUE ("--name=value", "-xvalue") or else the next word. */
static int take_value(struct reader *reader, const struct option_row *row, const char *inline_value,
                      struct error *err)
{
    if (row->kind == OPTION_FLAG && inline_value != NULL)
        return error_set(err, EINVAL, row->name, inline_value, "the option takes no argument");
    if (row->kind == OPTION_FLAG || inline_value != NULL)
        return store(row, inline_value, reader->values, err);
    if (row->bare != NULL)
        return store(row, row->bare, reader->values, err);
    if (reader->next >= reader->argc)
        return error_set(err, EINVAL, row->name, row->argument, "the argument is missing");
    return store(row, reader->argv[reader->next++], reader->values, err);
}

static int read_long(struct reader *reader, const char *word, struct error *err)
{
    const char *equals = strchr(word, '=');
    size_t size = equals != NULL ? (size_t)(equals - word) : strlen(word);
    if (strcmp(word, "help") == 0) {
        reader->result->help = true;
        return 0;
    }
    const struct option_row *row = option_find(reader->rows, word, size);
    if (row == NULL)
        return unknown_option(word - 2, err);
    return take_value(reader, row, equals != NULL ? equals + 1 : NULL, err);
}

/* "-f", "-fx" (flags together), "-m64", "-m 64". */
static int read_short(struct reader *reader, const char *word, struct error *err)
{
    for (const char *p = word; *p != '\0'; p++) {
        const struct option_row *row = option_find_letter(reader->rows, *p);
        if (row == NULL && *p == 'h') {
            reader->result->help = true;
            return 0;
        }
        if (row == NULL)
            return unknown_option(word - 1, err);
        if (row->kind != OPTION_FLAG)
            return take_value(reader, row, p[1] != '\0' ? p + 1 : NULL, err);
        int stored = store(row, NULL, reader->values, err);
        if (stored < 0)
            return stored;
    }
    return 0;
}

static int read_word(struct reader *reader, struct error *err)
{
    char *word = reader->argv[reader->next++];
    struct option_result *result = reader->result;
    if (strcmp(word, "--") == 0) {
        result->has_tail = true;
        result->tail = reader->argv + reader->next;
        result->tail_count = reader->argc - reader->next;
        reader->next = reader->argc;
        return 0;
    }
    if (word[0] == '-' && word[1] == '-')
        return read_long(reader, word + 2, err);
    if (word[0] == '-' && word[1] != '\0')
        return read_short(reader, word + 1, err);
    result->items[result->count++] = word;
    return 0;
}

static int store_presets(const struct option_row *rows, void *values, struct error *err)
{
    for (const struct option_row *row = rows; row != NULL && row->name != NULL; row++) {
        if (row->preset == NULL)
            continue;
        int result = store(row, row->preset, values, err);
        if (result < 0)
            return result;
    }
    return 0;
}

int option_parse(const struct option_row *rows, int argc, char **argv, void *values,
                 struct option_result *result, struct error *err)
{
    struct reader reader = {.rows = rows, .argc = argc, .argv = argv, .values = values, .result = result};
    *result = (struct option_result){.items = calloc((size_t)argc + 1, sizeof(char *))};
    if (result->items == NULL)
        return error_set(err, ENOMEM, "read command line", NULL, NULL);
    int status = store_presets(rows, values, err);
    while (status == 0 && !result->help && reader.next < argc)
        status = read_word(&reader, err);
    return status;
}

void option_result_free(struct option_result *result)
{
    free(result->items);
    result->items = NULL;
}
