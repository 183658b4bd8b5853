/* policy.c: `bivy policy set`, `ls` and `rm`: what a path of names may use. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "daemon.h"
#include "host/error.h"
#include "output.h"

#define UNIKERNELS_MOST 1000000 /* more is no limit at all */

struct policy_values {
    struct option_number unikernels, memory, block;
    struct option_list cpus, bridges;
    int format;
    const char *run_directory;
};

static const struct option_row set_options[] = {
    {.name = "unikernels",
     .letter = 'u',
     .kind = OPTION_NUMBER,
     .offset = offsetof(struct policy_values, unikernels),
     .argument = "N",
     .least = 0,
     .most = UNIKERNELS_MOST,
     .preset = "16",
     .help = "most unikernels at one time"},
    {.name = "memory",
     .letter = 'm',
     .kind = OPTION_MEMORY,
     .offset = offsetof(struct policy_values, memory),
     .argument = "MB",
     .preset = "1024",
     .help = "memory of all of them together"},
    {.name = "cpu",
     .letter = 'c',
     .kind = OPTION_LIST,
     .offset = offsetof(struct policy_values, cpus),
     .argument = "ID",
     .help = "a processor that may be used; 0 if none is given"},
    {.name = "network",
     .letter = 'n',
     .kind = OPTION_LIST,
     .offset = offsetof(struct policy_values, bridges),
     .argument = "NAME",
     .help = "a bridge or network that may be used"},
    {.name = "block",
     .letter = 'b',
     .kind = OPTION_MEMORY,
     .offset = offsetof(struct policy_values, block),
     .argument = "MB",
     .help = "size of all volumes together; no volumes if not given"},
    OPTION_RUN_DIRECTORY(struct policy_values, run_directory),
    OPTION_END,
};

const struct command_usage policy_set_usage = {
    .operands = "PATH",
    .least = 1,
    .most = 1,
    .about = "PATH ends with a colon (\"tenant:\"); what stands below it shares the budget. A policy may not "
             "allow more\n"
             "than the one above it.",
    .example = "bivy policy set tenant: --unikernels 16 --memory 1G --cpu 0 --cpu 1 --network br0\n",
    .options = set_options,
    .values_size = sizeof(struct policy_values),
};

static const struct option_row list_options[] = {
    OPTION_FORMAT(struct policy_values, format),
    OPTION_RUN_DIRECTORY(struct policy_values, run_directory),
    OPTION_END,
};

const struct command_usage policy_ls_usage = {
    .operands = "PATH",
    .least = 0,
    .most = 1,
    .example = "bivy policy ls\nbivy policy ls -o json tenant:\n",
    .options = list_options,
    .values_size = sizeof(struct policy_values),
};

static const struct option_row remove_options[] = {
    OPTION_RUN_DIRECTORY(struct policy_values, run_directory),
    OPTION_END,
};

const struct command_usage policy_rm_usage = {
    .operands = "PATH...",
    .least = 1,
    .most = -1,
    .example = "bivy policy rm tenant:\n",
    .options = remove_options,
    .values_size = sizeof(struct policy_values),
};

int policy_set_main(const struct command_call *call, struct error *err)
{
    const struct policy_values *values = call->values;
    int64_t cpus[OPTION_LIST_MAX] = {0};
    struct wire_bytes bridges[OPTION_LIST_MAX];
    struct wire_policy policy = {
        .cpuids = {values->cpus.count > 0 ? values->cpus.count : 1, cpus},
        .unikernels = values->unikernels.value,
        .memory = values->memory.value,
        .has_block = values->block.given,
        .block = values->block.value,
        .bridges = {values->bridges.count, bridges},
    };
    for (size_t i = 0; i < values->cpus.count; i++) {
        if (option_parse_number(values->cpus.items[i], 0, 65535, &cpus[i]) == 0)
            continue;
        error_set(err, EINVAL, "cpu", values->cpus.items[i], "not the number of a processor");
        return COMMAND_USAGE;
    }
    for (size_t i = 0; i < values->bridges.count; i++)
        bridges[i] = wire_text(values->bridges.items[i]);
    cleanup_client struct client *client = daemon_open(values->run_directory, err);
    if (client == NULL || client_policy_add(client, call->operands[0], &policy, err) < 0)
        return COMMAND_FAILED;
    printf("%s: policy set\n", call->operands[0]);
    return COMMAND_DONE;
}

static json_t *policy_json(const struct wire_policy_entry *entry)
{
    const struct wire_policy *policy = &entry->policy;
    json_t *json = json_object();
    json_t *cpus = json_array();
    json_t *bridges = json_array();
    for (size_t i = 0; i < policy->cpuids.count; i++)
        json_array_append_new(cpus, json_integer(policy->cpuids.items[i]));
    for (size_t i = 0; i < policy->bridges.count; i++)
        json_array_append_new(bridges,
                              output_json_text(policy->bridges.items[i].data, policy->bridges.items[i].size));
    output_json_set(json, "path", output_json_text(entry->name.data, entry->name.size));
    output_json_set(json, "unikernels", json_integer(policy->unikernels));
    output_json_set(json, "memory_mib", json_integer(policy->memory));
    output_json_set(json, "block_mib", policy->has_block ? json_integer(policy->block) : json_null());
    output_json_set(json, "cpus", cpus);
    output_json_set(json, "networks", bridges);
    return json;
}

static void print_row(struct output_table *table, const struct wire_policy_entry *entry)
{
    const struct wire_policy *policy = &entry->policy;
    char cpus[64] = "";
    char networks[160] = "";
    size_t used = 0;
    for (size_t i = 0; i < policy->cpuids.count && used < sizeof cpus - 8; i++)
        used += (size_t)snprintf(cpus + used, sizeof cpus - used, "%s%d", i > 0 ? "," : "",
                                 (int)(policy->cpuids.items[i] & 0xffff));
    used = 0;
    for (size_t i = 0; i < policy->bridges.count && used < sizeof networks - 32; i++)
        used += (size_t)snprintf(networks + used, sizeof networks - used, "%s%.*s", i > 0 ? "," : "",
                                 policy->bridges.items[i].size < 24 ? (int)policy->bridges.items[i].size : 24,
                                 (const char *)policy->bridges.items[i].data);
    output_table_row(table);
    output_table_cell(table, TONE_STRONG, "%.*s", (int)entry->name.size, (const char *)entry->name.data);
    if (policy->unikernels > UNIKERNELS_MOST)
        output_table_cell(table, TONE_PLAIN, "any number");
    else
        output_table_cell(table, TONE_PLAIN, "%lld", (long long)policy->unikernels);
    output_table_cell(table, TONE_PLAIN, "%lld MiB", (long long)policy->memory);
    output_table_cell(table, TONE_PLAIN, policy->has_block ? "%lld MiB" : "-", (long long)policy->block);
    output_table_cell(table, TONE_PLAIN, "%s", cpus);
    output_table_cell(table, TONE_PLAIN, "%s", networks);
}

static void print_list(int format, const struct wire_policy_entry_list *policies)
{
    static const char *const headings[] = {"PATH", "UNIKERNELS", "MEMORY", "BLOCK", "CPUS", "NETWORKS", NULL};
    struct output_table table;
    if (format == FORMAT_JSON) {
        json_t *all = json_array();
        for (size_t i = 0; i < policies->count; i++)
            json_array_append_new(all, policy_json(&policies->items[i]));
        output_json(all);
        return;
    }
    output_table_begin(&table, headings);
    for (size_t i = 0; i < policies->count; i++)
        print_row(&table, &policies->items[i]);
    output_table_end(&table);
}

int policy_ls_main(const struct command_call *call, struct error *err)
{
    const struct policy_values *values = call->values;
    struct wire_arena arena = {.limit = 0};
    struct wire_policy_entry_list policies;
    cleanup_client struct client *client = daemon_open(values->run_directory, err);
    if (client == NULL)
        return COMMAND_FAILED;
    int result = client_policies(client, call->count > 0 ? call->operands[0] : ":", &arena, &policies, err);
    if (result == 0)
        print_list(values->format, &policies);
    wire_arena_free(&arena);
    return result < 0 ? COMMAND_FAILED : COMMAND_DONE;
}

int policy_rm_main(const struct command_call *call, struct error *err)
{
    const struct policy_values *values = call->values;
    return daemon_each(call, values->run_directory, client_policy_remove, "policy removed", err);
}
