/*
 * output.h: everything that bivy prints on standard output: tables for people, JSON for programs.
 *
 * Colour and letters beyond ASCII appear on a terminal only, and colour not if NO_COLOR is set. Text that
 * came from elsewhere (names, lines of consoles) cannot drive the terminal: control bytes are shown as '?'.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

enum output_tone { TONE_PLAIN, TONE_STRONG, TONE_GOOD, TONE_WARNING, TONE_BAD, TONE_FAINT };

/* Standard output is a terminal. */
bool output_is_terminal(void);

/* What switches TONE on, or back to plain (TONE_PLAIN); "" where there is no colour. */
const char *output_tone(enum output_tone tone);

#define OUTPUT_COLUMNS 12

struct output_table {
    size_t columns, rows;
    const char *headings[OUTPUT_COLUMNS];
    struct output_cell *cells; /* owned: rows * columns */
};

/* Begins a table with the NULL-terminated HEADINGS (borrowed). */
void output_table_begin(struct output_table *table, const char *const *headings);

/* Appends a row; fill it with output_table_cell(). */
void output_table_row(struct output_table *table);

/* Sets the next empty cell of the last row. */
void output_table_cell(struct output_table *table, enum output_tone tone, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints the table with its columns aligned, and frees it. */
void output_table_end(struct output_table *table);

/* "label: text" lines of one object, labels padded to 12 columns. */
void output_field(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints JSON (consumed), keys in the order they were added. */
void output_json(json_t *json);

/* Adds to OBJECT the KEY with VALUE (consumed); NULL (out of memory, or text that is not UTF-8) becomes null.
 */
void output_json_set(json_t *object, const char *key, json_t *value);

/* JSON text of SIZE bytes that may not be UTF-8: what is not is replaced. */
json_t *output_json_text(const void *data, size_t size);

/*
 * Prints SIZE bytes of somebody else's line and a newline: as they are into a file or pipe, with control
 * bytes replaced on a terminal.
 */
void output_line(const void *data, size_t size);

/* SIZE_BYTES as "12.3 MiB". */
void output_size(char text[static 24], uint64_t size_bytes);

/* SIZE bytes as small hexadecimal digits; TEXT holds 2 * SIZE + 1. */
void output_hex(char *text, const void *data, size_t size);

/* MS milliseconds since 1970 as RFC 3339 UTC. */
void output_time(char text[static 32], int64_t ms);

/* Flushes; -errno with ERR if standard output could not take it all (a full disk). A closed pipe is no error.
 */
int output_finish(struct error *err);

#endif
