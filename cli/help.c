/* help.c: explains commands, from their tables; see help.h. */
#include "help.h"

#include <string.h>

#include "commands.h"
#include "host/error.h"

struct help_values {
    bool man;
};

static const struct option_row options[] = {
    {.name = "man",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct help_values, man),
     .help = "print the manual page, for man(1)"},
    OPTION_END,
};

const struct command_usage help_usage = {
    .operands = "COMMAND",
    .least = 0,
    .most = 2,
    .example = "bivy help run\nbivy help --man | man -l -\n",
    .options = options,
    .values_size = sizeof(struct help_values),
};

static void print_group(FILE *to, enum command_group group)
{
    fprintf(to, "\n%s:\n", command_group_name(group));
    for (const struct command *command = command_table; command->name != NULL; command++)
        if (command->group == group)
            fprintf(to, "  %-12s  %s\n", command->name, command->help);
}

int help_overview(FILE *to)
{
    fprintf(to, "bivy: builds, runs and looks after unikernels\n\n"
                "usage: bivy COMMAND [OPTION...]\n");
    for (enum command_group group = GROUP_DEVELOP; group <= GROUP_OTHER; group++)
        print_group(to, group);
    fprintf(to, "\n'bivy COMMAND --help' explains a command, with an example.\n");
    return 0;
}

void help_option(const struct option_row *row, char *text, size_t size)
{
    char letter[8] = "    ";
    if (row->letter != '\0')
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    const char *before = row->argument == NULL ? "" : row->bare != NULL ? "[=" : " ";
    snprintf(text, size, "%s--%s%s%s%s", letter, row->name, before,
             row->argument != NULL ? row->argument : "",
             row->argument != NULL && row->bare != NULL ? "]" : "");
}

void help_synopsis(const struct command *command, char *text, size_t size)
{
    const struct command_usage *usage = command->usage;
    bool optional = usage->operands != NULL && usage->least == 0;
    snprintf(text, size, "%s%s%s%s%s%s%s%s", usage->options != NULL ? " [OPTION...]" : "",
             usage->operands != NULL ? " " : "", optional ? "[" : "",
             usage->operands != NULL ? usage->operands : "", optional ? "]" : "",
             usage->tail != NULL ? " [-- " : "", usage->tail != NULL ? usage->tail : "",
             usage->tail != NULL ? "]" : "");
}

static void print_options(const struct option_row *rows)
{
    char text[80];
    printf("\noptions:\n");
    for (const struct option_row *row = rows; row != NULL && row->name != NULL; row++) {
        help_option(row, text, sizeof text);
        printf("  %-30s  %s%s%s%s%s\n", text, row->help, row->kind == OPTION_LIST ? "; may be repeated" : "",
               row->preset != NULL ? " (default " : "", row->preset != NULL ? row->preset : "",
               row->preset != NULL ? ")" : "");
    }
    printf("  %-30s  %s\n", "-h, --help", "this text");
}

/* Each line of TEXT, behind two blanks. */
static void print_indented(const char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        printf("  %.*s\n", (int)size, text);
        text += size + (text[size] == '\n');
    }
}

/* TEXT in lines of at most WIDTH columns, broken at blanks. */
static void print_wrapped(const char *text, size_t width)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, " \n");
        if (column > 0 && column + 1 + size > width) {
            putchar('\n');
            column = 0;
        }
        printf("%s%.*s", column > 0 ? " " : "", (int)size, text);
        column += size + (column > 0);
        text += size + (text[size] != '\0');
    }
    putchar('\n');
}

int help_print(const struct command *command)
{
    char synopsis[160];
    help_synopsis(command, synopsis, sizeof synopsis);
    printf("bivy %s: %s\n\nusage: bivy %s%s\n", command->name, command->help, command->name, synopsis);
    if (command->usage->about != NULL) {
        putchar('\n');
        print_wrapped(command->usage->about, 100);
    }
    print_options(command->usage->options);
    printf("\nexample:\n");
    print_indented(command->usage->example);
    return COMMAND_DONE;
}

bool help_group(const char *word)
{
    size_t size = strlen(word);
    bool any = false;
    for (const struct command *command = command_table; command->name != NULL; command++) {
        if (strncmp(command->name, word, size) != 0 || command->name[size] != ' ')
            continue;
        if (!any)
            fprintf(stderr, "bivy: find command: %s: one word more is needed\n", word);
        fprintf(stderr, "hint: bivy %-12s  %s\n", command->name, command->help);
        any = true;
    }
    return any;
}

int help_main(const struct command_call *call, struct error *err)
{
    const struct help_values *values = call->values;
    int words;
    if (values->man)
        return manual_print(), COMMAND_DONE;
    if (call->count == 0)
        return help_overview(stdout);
    const struct command *command = command_find(call->count, call->operands, &words);
    if (command == NULL) {
        error_set(err, 1, "find command", call->operands[0], "no such command");
        return COMMAND_USAGE;
    }
    return help_print(command);
}
