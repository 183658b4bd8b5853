/* help.h: the table of commands as text: overview, one command, the manual. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdbool.h>
#include <stdio.h>

#include "command.h"

/* Prints all commands with their lines; returns 0. */
int help_overview(FILE *to);

/* Prints the usage, options and examples of COMMAND on standard output; returns 0. */
int help_print(const struct command *command);

/* If WORD begins commands of two words ("image"), lists those on standard error and returns true. */
bool help_group(const char *word);

/* Prints the manual page (man macros) on standard output. */
void manual_print(void);

/* How an option is written, "-m, --memory MB", into TEXT of SIZE bytes. */
void help_option(const struct option_row *row, char *text, size_t size);

/* "[OPTION...] NAME IMAGE [-- ARGS...]" into TEXT of SIZE bytes. */
void help_synopsis(const struct command *command, char *text, size_t size);

#endif
