/* main.c: the bivy program: a table of commands and the loop that finds one, reads its words and calls it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "help.h"
#include "host/error.h"
#include "output.h"

const struct command command_table[] = {
    {"new", new_main, "make a small project that builds", &new_usage, GROUP_DEVELOP},
    {"build", build_main, "make an image from C sources", &build_usage, GROUP_DEVELOP},
    {"cc", cc_main, "compile and link as a C compiler does", &cc_usage, GROUP_DEVELOP},
    {"env", env_main, "print what other build systems need to build images", &env_usage, GROUP_DEVELOP},
    {"inspect", inspect_main, "show what an image is and needs", &inspect_usage, GROUP_DEVELOP},
    {"run", run_main, "run an image in the foreground", &run_usage, GROUP_DEVELOP},
    {"up", up_main, "start the daemon and the web console", &up_usage, GROUP_OPERATE},
    {"down", down_main, "end them, and what they run", &down_usage, GROUP_OPERATE},
    {"deploy", deploy_main, "create a unikernel that the daemon looks after", &deploy_usage, GROUP_OPERATE},
    {"stop", stop_main, "end unikernels without forgetting them", &stop_usage, GROUP_OPERATE},
    {"start", start_main, "start unikernels that were stopped", &start_usage, GROUP_OPERATE},
    {"restart", restart_main, "end unikernels and start them again", &restart_usage, GROUP_OPERATE},
    {"destroy", destroy_main, "end unikernels and forget them", &destroy_usage, GROUP_OPERATE},
    {"update", update_main, "give a unikernel another image, or keep the one it has", &update_usage,
     GROUP_OPERATE},
    {"rollback", rollback_main, "go back to an earlier release", &rollback_usage, GROUP_OPERATE},
    {"ps", ps_main, "list the unikernels", &ps_usage, GROUP_LOOK},
    {"show", show_main, "show one unikernel in full", &show_usage, GROUP_LOOK},
    {"logs", logs_main, "print the console of a unikernel", &logs_usage, GROUP_LOOK},
    {"history", history_main, "list the releases of a unikernel", &history_usage, GROUP_LOOK},
    {"events", events_main, "print what happened", &events_usage, GROUP_LOOK},
    {"image ls", image_ls_main, "list the images of the store", &image_ls_usage, GROUP_RESOURCE},
    {"image rm", image_rm_main, "remove images from the store", &image_rm_usage, GROUP_RESOURCE},
    {"policy set", policy_set_main, "say what a path may use", &policy_set_usage, GROUP_RESOURCE},
    {"policy ls", policy_ls_main, "list the policies", &policy_ls_usage, GROUP_RESOURCE},
    {"policy rm", policy_rm_main, "remove policies", &policy_rm_usage, GROUP_RESOURCE},
    {"network create", network_create_main, "define a network", &network_create_usage, GROUP_RESOURCE},
    {"network ls", network_ls_main, "list the networks", &network_ls_usage, GROUP_RESOURCE},
    {"network rm", network_rm_main, "remove networks", &network_rm_usage, GROUP_RESOURCE},
    {"doctor", doctor_main, "tell what this host can do, and the fix for what is missing", &doctor_usage,
     GROUP_OTHER},
    {"completion", completion_main, "print the completion script of a shell", &completion_usage, GROUP_OTHER},
    {"help", help_main, "explain a command", &help_usage, GROUP_OTHER},
    {NULL, NULL, NULL, NULL, GROUP_OTHER},
};

const char *const command_formats[] = {"text", "json", NULL};

static int unknown_command(const char *word)
{
    struct error err;
    const char *nearest = command_nearest(word);
    error_set(&err, 1, "find command", word, "no such command");
    if (nearest != NULL)
        error_hint(&err, "did you mean 'bivy %s'?", nearest);
    else
        error_hint(&err, "'bivy help' lists the commands");
    error_print(&err, "bivy");
    return COMMAND_USAGE;
}

/* 0, or -EINVAL: more or fewer words than the command takes. */
static int check_words(const struct command *command, const struct option_result *words, struct error *err)
{
    const struct command_usage *usage = command->usage;
    int result = 0;
    if (words->count < usage->least)
        result = error_set(err, 1, "read command line", command->name, "%s is missing", usage->operands);
    else if (usage->most >= 0 && words->count > usage->most)
        result = error_set(err, 1, "read command line", words->items[usage->most], "one word too many");
    else if (words->has_tail && usage->tail == NULL)
        result = error_set(err, 1, "read command line", "--", "'%s' takes nothing after it", command->name);
    if (result < 0 && words->count > usage->most && usage->tail != NULL)
        error_hint(err, "%s for the unikernel go after --", usage->tail);
    return result;
}

static int call_raw(const struct command *command, int argc, char **argv, void *values, struct error *err)
{
    struct command_call call = {command, values, argc, argv, 0, NULL};
    if (argc == 1 && strcmp(argv[0], "--help") == 0)
        return help_print(command);
    return command->function(&call, err);
}

static int call_command(const struct command *command, int argc, char **argv, void *values, struct error *err)
{
    const struct command_usage *usage = command->usage;
    struct option_result words;
    int status = usage->failure != 0 ? usage->failure : COMMAND_USAGE;
    if (usage->raw)
        return call_raw(command, argc, argv, values, err);
    if (option_parse(usage->options, argc, argv, values, &words, err) == 0) {
        struct command_call call = {command, values, words.count, words.items, words.tail_count, words.tail};
        if (words.help)
            status = help_print(command);
        else if (check_words(command, &words, err) == 0)
            status = command->function(&call, err);
    }
    if (err->text[0] != '\0' && err->hint[0] == '\0' && status == COMMAND_USAGE)
        error_hint(err, "bivy %s --help", command->name);
    option_result_free(&words);
    return status;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct error err = {.code = 0};
    void *values = calloc(1, command->usage->values_size + 1);
    if (values == NULL)
        return COMMAND_FAILED;
    int status = call_command(command, argc, argv, values, &err);
    free(values);
    if (output_finish(&err) < 0 && status == COMMAND_DONE)
        status = COMMAND_FAILED;
    if (err.text[0] != '\0')
        error_print(&err, "bivy");
    return status;
}

int main(int argc, char **argv)
{
    int words = 0;
    if (argc < 2)
        return help_overview(stderr), COMMAND_USAGE;
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return printf("bivy %s\n", BIVY_VERSION) < 0;
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help_overview(stdout);
    const struct command *command = command_find(argc - 1, argv + 1, &words);
    if (command == NULL)
        return help_group(argv[1]) ? COMMAND_USAGE : unknown_command(argv[1]);
    return run_command(command, argc - 1 - words, argv + 1 + words);
}
