/* command.c: finding a command by its words, or the one that was meant. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 32 /* longer words are like no command */

const char *command_group_name(enum command_group group)
{
    static const char *const names[] = {
        [GROUP_DEVELOP] = "Build and run", [GROUP_OPERATE] = "Operate", [GROUP_LOOK] = "Look",
        [GROUP_RESOURCE] = "Resources",    [GROUP_OTHER] = "Other",
    };
    return names[group];
}

static const struct command *find_name(const char *name)
{
    for (const struct command *command = command_table; command->name != NULL; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

const struct command *command_find(int argc, char **argv, int *words)
{
    char both[2 * WORD_MAX];
    const struct command *command = NULL;
    *words = 2;
    if (argc > 1 && strlen(argv[0]) < WORD_MAX && strlen(argv[1]) < WORD_MAX - 1) {
        snprintf(both, sizeof both, "%s %s", argv[0], argv[1]);
        command = find_name(both);
    }
    if (command == NULL && argc > 0) {
        *words = 1;
        command = find_name(argv[0]);
    }
    return command;
}

/* How many letters must be added, dropped, replaced to make B of A: one row of the usual matrix at a time. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[WORD_MAX + 1];
    size_t size = strlen(b);
    if (strlen(a) > WORD_MAX || size > WORD_MAX)
        return WORD_MAX;
    for (unsigned j = 0; j <= size; j++)
        row[j] = j;
    for (unsigned i = 1; a[i - 1] != '\0'; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= size; j++) {
            unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
            unsigned least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = replaced < least ? replaced : least;
        }
    }
    return row[size];
}

const char *command_nearest(const char *word)
{
    const char *nearest = NULL;
    size_t allowed = strlen(word) / 3 + 1;
    unsigned best = allowed < 3 ? (unsigned)allowed + 1 : 4;
    for (const struct command *command = command_table; command->name != NULL; command++) {
        unsigned steps = distance(word, command->name);
        if (steps < best) {
            best = steps;
            nearest = command->name;
        }
    }
    return nearest;
}
