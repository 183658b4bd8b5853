/* output.c: standard output; see output.h. */
#define _GNU_SOURCE
#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/error.h"

struct output_cell {
    char *text;
    enum output_tone tone;
};

bool output_is_terminal(void)
{
    static int terminal = -1;
    if (terminal < 0)
        terminal = isatty(STDOUT_FILENO);
    return terminal > 0;
}

const char *output_tone(enum output_tone tone)
{
    static const char *const codes[] = {"\x1b[0m", "\x1b[1m", "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m"};
    const char *off = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    bool dumb = term != NULL && strcmp(term, "dumb") == 0;
    return output_is_terminal() && (off == NULL || off[0] == '\0') && !dumb ? codes[tone] : "";
}

static void make_printable(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '?';
}

/* Columns that TEXT takes: one for each UTF-8 sequence. */
static int text_width(const char *text)
{
    int width = 0;
    for (const char *p = text; *p != '\0'; p++)
        width += ((unsigned char)*p & 0xc0) != 0x80;
    return width;
}

void output_table_begin(struct output_table *table, const char *const *headings)
{
    *table = (struct output_table){.columns = 0};
    while (table->columns < OUTPUT_COLUMNS && headings[table->columns] != NULL) {
        table->headings[table->columns] = headings[table->columns];
        table->columns++;
    }
}

void output_table_row(struct output_table *table)
{
    size_t count = (table->rows + 1) * table->columns;
    struct output_cell *cells = reallocarray(table->cells, count, sizeof *cells);
    if (cells == NULL)
        return;
    memset(cells + table->rows * table->columns, 0, table->columns * sizeof *cells);
    table->cells = cells;
    table->rows++;
}

void output_table_cell(struct output_table *table, enum output_tone tone, const char *format, ...)
{
    if (table->rows == 0)
        return;
    struct output_cell *row = table->cells + (table->rows - 1) * table->columns;
    size_t next = 0;
    while (next < table->columns && row[next].text != NULL)
        next++;
    if (next == table->columns)
        return;
    va_list args;
    va_start(args, format);
    if (vasprintf(&row[next].text, format, args) < 0)
        row[next].text = NULL;
    va_end(args);
    row[next].tone = tone;
    if (row[next].text != NULL)
        make_printable(row[next].text, strlen(row[next].text));
}

static int column_width(const struct output_table *table, size_t column)
{
    int width = text_width(table->headings[column]);
    for (size_t row = 0; row < table->rows; row++) {
        const char *text = table->cells[row * table->columns + column].text;
        int cell = text != NULL ? text_width(text) : 0;
        width = cell > width ? cell : width;
    }
    return width;
}

/* The last column is not padded: no blanks at the end of a line. */
static void print_cell(const char *text, enum output_tone tone, int width, bool last)
{
    const char *on = tone == TONE_PLAIN ? "" : output_tone(tone);
    const char *off = tone == TONE_PLAIN ? "" : output_tone(TONE_PLAIN);
    int padding = last ? 0 : width + 2 - text_width(text);
    printf("%s%s%s%*s%s", on, text, off, padding, "", last ? "\n" : "");
}

void output_table_end(struct output_table *table)
{
    int widths[OUTPUT_COLUMNS];
    for (size_t i = 0; i < table->columns; i++)
        widths[i] = column_width(table, i);
    for (size_t i = 0; i < table->columns; i++)
        print_cell(table->headings[i], TONE_FAINT, widths[i], i + 1 == table->columns);
    for (size_t row = 0; row < table->rows; row++) {
        for (size_t i = 0; i < table->columns; i++) {
            struct output_cell *cell = &table->cells[row * table->columns + i];
            print_cell(cell->text != NULL ? cell->text : "", cell->tone, widths[i], i + 1 == table->columns);
            free(cell->text);
        }
    }
    free(table->cells);
    *table = (struct output_table){.columns = 0};
}

void output_field(const char *label, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int size = vasprintf(&text, format, args);
    va_end(args);
    if (size < 0)
        return;
    make_printable(text, (size_t)size);
    printf("%s%-12s%s  %s\n", output_tone(TONE_FAINT), label, output_tone(TONE_PLAIN), text);
    free(text);
}

void output_json(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
    putchar('\n');
    json_decref(json);
}

void output_json_set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value != NULL ? value : json_null());
}

json_t *output_json_text(const void *data, size_t size)
{
    json_t *whole = json_stringn(data, size);
    if (whole != NULL)
        return whole;
    char *text = malloc(size + 1);
    if (text == NULL)
        return json_null();
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = ((const unsigned char *)data)[i];
        text[i] = (char)(byte < 0x80 ? byte : '?');
    }
    whole = json_stringn(text, size);
    free(text);
    return whole;
}

void output_line(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    if (!output_is_terminal()) {
        fwrite(data, 1, size, stdout);
    } else {
        for (size_t i = 0; i < size; i++)
            putchar(bytes[i] == '\t' || (bytes[i] >= 0x20 && bytes[i] != 0x7f) ? bytes[i] : '?');
    }
    putchar('\n');
}

void output_size(char text[static 24], uint64_t size_bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)size_bytes;
    size_t unit = 0;
    while (size >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        size /= 1024;
        unit++;
    }
    snprintf(text, 24, unit == 0 ? "%.0f %s" : "%.1f %s", size, units[unit]);
}

void output_hex(char *text, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

void output_time(char text[static 32], int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
    struct tm parts = {.tm_mday = 1};
    gmtime_r(&seconds, &parts);
    size_t used = strftime(text, 26, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + used, 32 - used, ".%03dZ", (int)((ms % 1000 + 1000) % 1000));
}

int output_finish(struct error *err)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    if (errno == EPIPE)
        return -EPIPE;
    /* The command's own failure is worth more than this one. */
    if (err->text[0] != '\0')
        return -EIO;
    return error_set(err, EIO, "write", "standard output", "could not be written whole");
}
