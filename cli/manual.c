/* manual.c: the manual page, made from the same tables as --help. */
#include <string.h>

#include "help.h"

/* TEXT with what roff would take for its own escaped: backslashes, dashes, a dot or quote that begins a line.
 */
static void print_roff(const char *text)
{
    bool line_start = true;
    for (const char *p = text; *p != '\0'; p++) {
        if (line_start && (*p == '.' || *p == '\''))
            fputs("\\&", stdout);
        if (*p == '\\')
            fputs("\\e", stdout);
        else if (*p == '-')
            fputs("\\-", stdout);
        else
            putchar(*p);
        line_start = *p == '\n';
    }
}

static void print_macro(const char *macro, const char *text)
{
    printf("%s ", macro);
    print_roff(text);
    putchar('\n');
}

static void print_option(const struct option_row *row)
{
    char text[80];
    help_option(row, text, sizeof text);
    printf(".TP\n");
    print_macro(".B", text + strspn(text, " "));
    print_roff(row->help);
    if (row->preset != NULL)
        printf(" (default %s)", row->preset);
    printf(".\n");
}

static void print_command(const struct command *command)
{
    char synopsis[160];
    help_synopsis(command, synopsis, sizeof synopsis);
    printf(".SS \"bivy %s\"\n.B bivy %s\n", command->name, command->name);
    print_roff(synopsis + (synopsis[0] == ' '));
    printf("\n.PP\n");
    print_roff(command->help);
    printf(".\n");
    if (command->usage->about != NULL) {
        printf(".PP\n");
        print_roff(command->usage->about);
        putchar('\n');
    }
    for (const struct option_row *row = command->usage->options; row != NULL && row->name != NULL; row++)
        print_option(row);
    printf(".PP\nExample:\n.PP\n.nf\n.RS\n");
    print_roff(command->usage->example);
    printf(".RE\n.fi\n");
}

void manual_print(void)
{
    printf(".TH BIVY 1 \"\" \"bivy %s\" \"User Commands\"\n", BIVY_VERSION);
    printf(".SH NAME\nbivy \\- builds, runs and looks after unikernels\n");
    printf(".SH SYNOPSIS\n.B bivy\n.I COMMAND\n[OPTION...]\n.SH COMMANDS\n");
    for (const struct command *command = command_table; command->name != NULL; command++)
        print_command(command);
    printf(".SH EXIT STATUS\n0: done; 1: failed; 2: the command line was not understood. "
           ".B bivy run\nreturns the status of the unikernel itself, 128+N if signal N ended it, and 125 if "
           "bivy "
           "failed.\n");
    printf(".SH ENVIRONMENT\n.TP\n.B BIVY_RUN_DIR\nThe run directory, where \\-\\-run\\-dir is not given.\n"
           ".TP\n.B NO_COLOR\nNo colours on a terminal.\n");
    printf(".SH FILES\n.TP\n.I $XDG_RUNTIME_DIR/bivy\nsockets of a user's daemon (/run/bivy for root)\n"
           ".TP\n.I ~/.local/state/bivy\nits images and database (/var/lib/bivy for root)\n");
}
