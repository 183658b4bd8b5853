/*
 * option.h: what a command line accepts, as tables.
 *
 * A command's options are data: parsing, --help, the completions of the shells and the manual are all made
 * from the same rows, so that none of them can disagree with another. Values land in a structure of the
 * command's own, at the offsets the rows name.
 */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

enum option_kind {
    OPTION_FLAG,   /* no argument; bool */
    OPTION_TEXT,   /* const char * (borrowed from the command line) */
    OPTION_NUMBER, /* struct option_number, least..most of the row */
    OPTION_MEMORY, /* struct option_number in MiB; accepts 64, 64M, 2G, 65536K */
    OPTION_CHOICE, /* int: the index into the row's choices */
    OPTION_LIST    /* struct option_list: may be repeated */
};

struct option_number {
    bool given;
    int64_t value;
};

#define OPTION_LIST_MAX 256

struct option_list {
    size_t count;
    const char *items[OPTION_LIST_MAX]; /* borrowed from the command line */
};

/* What completes an argument or an operand in a shell. */
enum option_completion { COMPLETE_NOTHING, COMPLETE_FILE, COMPLETE_DIRECTORY, COMPLETE_NAME };

/* One option; a table ends with a row without a name. */
struct option_row {
    const char *name; /* without the dashes */
    char letter;      /* its short form, or 0 */
    enum option_kind kind;
    enum option_completion completion;
    size_t offset;        /* of its value in the command's structure */
    const char *argument; /* how --help names the argument; NULL for a flag */
    const char *help;     /* one line, no full stop */
    const char
        *bare; /* parsed if the option is given without "=ARGUMENT"; NULL: the next word is its argument */
    const char *preset;         /* parsed if the option is not given; NULL: zero */
    const char *const *choices; /* OPTION_CHOICE: NULL-terminated */
    int64_t least, most;        /* OPTION_NUMBER */
};

struct option_result {
    bool help;    /* --help or -h was met; nothing after it was read */
    int count;    /* operands */
    char **items; /* operands, in order; owned, NULL-terminated */
    int tail_count;
    char **tail; /* what followed "--"; borrowed */
    bool has_tail;
};

/*
 * Reads ARGC arguments of ARGV (the command's own words already taken off) against ROWS (NULL: no options)
 * into VALUES. Options and operands may mix; "--" ends both. -EINVAL with ERR for an unknown option, a
 * missing or unfit argument. RESULT is released by option_result_free() in every case.
 */
int option_parse(const struct option_row *rows, int argc, char **argv, void *values,
                 struct option_result *result, struct error *err);
void option_result_free(struct option_result *result);

/* The row of the long NAME (SIZE characters) or of a LETTER, or NULL. */
const struct option_row *option_find(const struct option_row *rows, const char *name, size_t size);
const struct option_row *option_find_letter(const struct option_row *rows, char letter);

/* Parses a whole decimal number within LEAST..MOST; 0, or -EINVAL (not a number), -ERANGE. */
int option_parse_number(const char *text, int64_t least, int64_t most, int64_t *value);

/*
 * Parses a size: a number, and K, M, G or T (powers of 1024; "KiB", "MB" and small letters too); without a
 * unit it counts UNIT bytes. 0, -EINVAL (not a size) or -ERANGE (over INT64_MAX bytes).
 */
int option_parse_size(const char *text, int64_t unit, int64_t *bytes);

#endif
