/*
 * completion.c: completion scripts for bash, zsh and fish, made from the tables of the commands.
 *
 * Bash and zsh get one script: zsh reads bash's through its own bashcompinit. Names of unikernels are asked
 * from the daemon when the key is pressed; nothing is shown if it does not answer.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "host/error.h"

const struct command_usage completion_usage = {
    .operands = "bash|zsh|fish",
    .least = 1,
    .most = 1,
    .about =
        "An installed bivy brings these scripts along; this prints them for a build that is not installed.",
    .example = "source <(bivy completion bash)\nbivy completion fish | source\n",
};

/* Prints the words that may follow an option: its choices, or the kind of name. */
static void bash_argument(const struct option_row *row)
{
    if (row->kind == OPTION_FLAG || row->bare != NULL)
        return;
    printf("        --%s%s%c) ", row->name, row->letter != '\0' ? "|-" : "",
           row->letter != '\0' ? row->letter : ' ');
    if (row->kind == OPTION_CHOICE) {
        printf("COMPREPLY=($(compgen -W '");
        for (int i = 0; row->choices[i] != NULL; i++)
            printf("%s%s", i > 0 ? " " : "", row->choices[i]);
        printf("' -- \"$word\"))");
    } else if (row->completion == COMPLETE_FILE) {
        printf("COMPREPLY=($(compgen -f -- \"$word\"))");
    } else if (row->completion == COMPLETE_DIRECTORY) {
        printf("COMPREPLY=($(compgen -d -- \"$word\"))");
    } else {
        printf(":");
    }
    printf("; return ;;\n");
}

static void bash_options(const struct option_row *rows)
{
    for (const struct option_row *row = rows; row != NULL && row->name != NULL; row++)
        printf(" --%s", row->name);
}

static void bash_command(const struct command *command)
{
    static const char *const operands[] = {
        [COMPLETE_NOTHING] = "",
        [COMPLETE_FILE] = "COMPREPLY=($(compgen -f -- \"$word\"))",
        [COMPLETE_DIRECTORY] = "COMPREPLY=($(compgen -d -- \"$word\"))",
        [COMPLETE_NAME] = "COMPREPLY=($(compgen -W \"$(bivy ps --names 2>/dev/null)\" -- \"$word\"))",
    };
    printf("    '%s')\n        case $previous in\n", command->name);
    for (const struct option_row *row = command->usage->options; row != NULL && row->name != NULL; row++)
        bash_argument(row);
    printf("        esac\n        if [[ $word == -* ]]; then COMPREPLY=($(compgen -W '--help");
    bash_options(command->usage->options);
    printf("' -- \"$word\")); else :; %s; fi ;;\n",
           operands[command->usage->completion][0] != '\0' ? operands[command->usage->completion] : ":");
}

/* The words that may stand first, and second where SECOND of them is given. */
static void bash_words(const char *first)
{
    size_t size = first != NULL ? strlen(first) : 0;
    const char *last = "";
    for (const struct command *command = command_table; command->name != NULL; command++) {
        const char *name = command->name;
        size_t word = strcspn(name, " ");
        if (first != NULL) {
            if (word == size && strncmp(name, first, size) == 0 && name[size] == ' ')
                printf(" %s", name + size + 1);
        } else if (strncmp(name, last, word) != 0 || last[word] != ' ') {
            printf(" %.*s", (int)word, name);
        }
        last = name;
    }
}

/* For each command of two words, once a first word: what may follow it. */
static void bash_groups(void)
{
    const char *last = "";
    for (const struct command *command = command_table; command->name != NULL; command++) {
        size_t word = strcspn(command->name, " ");
        if (command->name[word] == ' ' && (strncmp(command->name, last, word) != 0 || last[word] != ' ')) {
            char first[32];
            snprintf(first, sizeof first, "%.*s", (int)word, command->name);
            printf("    '%s') COMPREPLY=($(compgen -W '", first);
            bash_words(first);
            printf("' -- \"$word\")) ;;\n");
        }
        last = command->name;
    }
}

static void print_bash(void)
{
    printf("# Completion of bivy for bash; made by 'bivy completion bash'.\n"
           "_bivy_words() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command\n"
           "    COMPREPLY=()\n"
           "    if [ \"$COMP_CWORD\" = 1 ]; then COMPREPLY=($(compgen -W '--help --version");
    bash_words(NULL);
    printf("' -- \"$word\")); return; fi\n"
           "    command=${COMP_WORDS[1]}\n"
           "    case \"$command\" in\n    ");
    const char *last = "";
    const char *separator = "";
    for (const struct command *command = command_table; command->name != NULL; command++) {
        size_t word = strcspn(command->name, " ");
        if (command->name[word] == ' ' && (strncmp(command->name, last, word) != 0 || last[word] != ' ')) {
            printf("%s%.*s", separator, (int)word, command->name);
            separator = "|";
        }
        last = command->name;
    }
    printf("%s) [ \"$COMP_CWORD\" = 2 ] || command=\"$command ${COMP_WORDS[2]}\" ;;\n    esac\n"
           "    case \"$command\" in\n",
           separator[0] == '\0' ? "-" : "");
    bash_groups();
    for (const struct command *command = command_table; command->name != NULL; command++)
        bash_command(command);
    printf("    esac\n}\ncomplete -o filenames -F _bivy_words bivy\n");
}

static void print_zsh(void)
{
    printf("#compdef bivy\n# Completion of bivy for zsh; made by 'bivy completion zsh'.\n"
           "autoload -U +X bashcompinit && bashcompinit\n");
    print_bash();
    /* The file's first run is itself the answer to a key. */
    printf("[ \"${funcstack[1]}\" = _bivy ] && _bash_complete -o filenames -F _bivy_words\n");
}

/* TEXT within single quotes of fish. */
static void fish_quoted(const char *text)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

/* The condition that COMMAND has been typed. */
static void fish_condition(const struct command *command)
{
    size_t word = strcspn(command->name, " ");
    printf("complete -c bivy -n '__fish_seen_subcommand_from %.*s", (int)word, command->name);
    if (command->name[word] == ' ')
        printf("; and __fish_seen_subcommand_from %s", command->name + word + 1);
    printf("'");
}

static void fish_option(const struct command *command, const struct option_row *row)
{
    fish_condition(command);
    printf(" -l %s", row->name);
    if (row->letter != '\0')
        printf(" -s %c", row->letter);
    if (row->kind != OPTION_FLAG && row->bare == NULL)
        printf(row->completion == COMPLETE_FILE || row->completion == COMPLETE_DIRECTORY ? " -r -F" : " -x");
    if (row->kind == OPTION_CHOICE) {
        printf(" -a '");
        for (int i = 0; row->choices[i] != NULL; i++)
            printf("%s%s", i > 0 ? " " : "", row->choices[i]);
        printf("'");
    }
    printf(" -d ");
    fish_quoted(row->help);
    putchar('\n');
}

static void fish_command(const struct command *command)
{
    size_t word = strcspn(command->name, " ");
    if (command->name[word] == '\0')
        printf("complete -c bivy -n __fish_use_subcommand -a %s -d ", command->name);
    else
        printf("complete -c bivy -n __fish_use_subcommand -a %.*s\n"
               "complete -c bivy -n '__fish_seen_subcommand_from %.*s' -a %s -d ",
               (int)word, command->name, (int)word, command->name, command->name + word + 1);
    fish_quoted(command->help);
    putchar('\n');
    for (const struct option_row *row = command->usage->options; row != NULL && row->name != NULL; row++)
        fish_option(command, row);
    if (command->usage->completion == COMPLETE_NOTHING)
        return;
    fish_condition(command);
    printf(command->usage->completion == COMPLETE_NAME ? " -a '(bivy ps --names 2>/dev/null)'\n" : " -F\n");
}

static void print_fish(void)
{
    printf("# Completion of bivy for fish; made by 'bivy completion fish'.\n"
           "complete -c bivy -f\n");
    for (const struct command *command = command_table; command->name != NULL; command++)
        fish_command(command);
}

int completion_main(const struct command_call *call, struct error *err)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shells[i].name, call->operands[0]) == 0) {
            shells[i].print();
            return COMMAND_DONE;
        }
    }
    error_set(err, EINVAL, "print completion", call->operands[0], "not one of bash, zsh, fish");
    return COMMAND_USAGE;
}
