/*
 * command.h: a command of the bivy program: its row in the table of main.c and what a call of it is given.
 *
 * The command line is read before the command's function is called, against the rows in its struct
 * command_usage; the function gets values. It returns the exit status; what went wrong stands in ERR and is
 * printed by main().
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "option.h"

struct error;

enum command_status {
    COMMAND_DONE = 0,
    COMMAND_FAILED = 1,
    COMMAND_USAGE = 2,
    COMMAND_RUN_FAILED = 125 /* `bivy run`: bivy itself failed; any other status is the guest's */
};

struct command;

struct command_call {
    const struct command *command;
    const void *values; /* the command's own structure, filled in */
    int count;          /* operands */
    char **operands;
    int tail_count; /* what followed "--" */
    char **tail;
};

typedef int command_function(const struct command_call *call, struct error *err);

/* What a command accepts, and how it is explained. */
struct command_usage {
    const char *operands;              /* "NAME IMAGE"; NULL: none */
    int least, most;                   /* operands; most -1: any number */
    enum option_completion completion; /* of its operands */
    const char *tail;                  /* what may follow "--"; NULL: nothing */
    const char *about;                 /* a paragraph for --help and the manual, or NULL */
    const char *example;               /* complete command lines, each ended by a newline */
    const struct option_row *options;
    size_t values_size;
    bool raw;    /* its words are not read: all are operands, but for a lone --help */
    int failure; /* the exit status of a failure before the function is called; 0: COMMAND_USAGE */
};

enum command_group { GROUP_DEVELOP, GROUP_OPERATE, GROUP_LOOK, GROUP_RESOURCE, GROUP_OTHER };

struct command {
    const char *name; /* one word, or two: "image ls" */
    command_function *function;
    const char *help; /* one line, no full stop */
    const struct command_usage *usage;
    enum command_group group;
};

/* The table; ends with a row without a name. */
extern const struct command command_table[];

/* The heading of a group in the overview. */
const char *command_group_name(enum command_group group);

/*
 * The command that the words ARGV[0..ARGC-1] begin with, and in *WORDS how many it took; NULL if there is
 * none. Two words that name a command win over one.
 */
const struct command *command_find(int argc, char **argv, int *words);

/* The nearest command name to WORD, or NULL if nothing is near. */
const char *command_nearest(const char *word);

/* Values of `-o`. */
extern const char *const command_formats[];
enum command_format { FORMAT_TEXT, FORMAT_JSON };

#define OPTION_FORMAT(type, member)                                                                          \
    {                                                                                                        \
        .name = "output", .letter = 'o', .kind = OPTION_CHOICE, .offset = offsetof(type, member),            \
        .argument = "FORMAT", .choices = command_formats, .help = "text for people or json for programs"     \
    }
#define OPTION_RUN_DIRECTORY(type, member)                                                                   \
    {                                                                                                        \
        .name = "run-dir", .kind = OPTION_TEXT, .offset = offsetof(type, member), .argument = "DIR",         \
        .completion = COMPLETE_DIRECTORY, .help = "the daemon's run directory (also BIVY_RUN_DIR)"           \
    }
#define OPTION_END                                                                                           \
    {                                                                                                        \
        .name = NULL                                                                                         \
    }

#endif
