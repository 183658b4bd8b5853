/* network.c: `bivy network create`, `ls` and `rm`: networks that unikernels name. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "daemon.h"
#include "host/error.h"
#include "output.h"
#include "unikernel.h"

#define RATE_MOST INT64_C(1099511627776)

struct network_values {
    const char *bridge, *subnet, *gateway;
    bool own, isolate;
    struct option_number mtu, bytes, packets;
    int format;
    const char *run_directory;
};

static const struct option_row create_options[] = {
    {.name = "bridge",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct network_values, bridge),
     .argument = "IF",
     .help = "attach to this bridge of the host; a user network if not given"},
    {.name = "own",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct network_values, own),
     .help = "make the bridge, with the gateway's address, and remove it with the network"},
    {.name = "subnet",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct network_values, subnet),
     .argument = "CIDR",
     .help = "addresses to give to unikernels, as 10.1.2.0/24"},
    {.name = "gateway",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct network_values, gateway),
     .argument = "ADDR",
     .help = "what unikernels on a bridge are told; the subnet's first address if not given"},
    {.name = "mtu",
     .kind = OPTION_NUMBER,
     .offset = offsetof(struct network_values, mtu),
     .argument = "BYTES",
     .least = 1280,
     .most = 9000,
     .help = "longest packet; the bridge's, or 1500"},
    {.name = "bytes",
     .kind = OPTION_NUMBER,
     .offset = offsetof(struct network_values, bytes),
     .argument = "N",
     .least = 1,
     .most = RATE_MOST,
     .help = "most bytes a second of each device, each way"},
    {.name = "packets",
     .kind = OPTION_NUMBER,
     .offset = offsetof(struct network_values, packets),
     .argument = "N",
     .least = 1,
     .most = UINT32_MAX,
     .help = "most packets a second of each device, each way"},
    {.name = "isolate",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct network_values, isolate),
     .help = "no unikernel on the bridge reaches another, not even of its own path"},
    OPTION_RUN_DIRECTORY(struct network_values, run_directory),
    OPTION_END,
};

const struct command_usage network_create_usage = {
    .operands = "NAME",
    .least = 1,
    .most = 1,
    .about =
        "NAME is the network's, with a path before it (\"tenant:lan\") if only what is below the path may "
        "use it.\n"
        "Paths never reach each other over it: on a user network each has a switch of its own, on a bridge\n"
        "their frames are kept apart. A policy must allow the label (\"lan\"). Bridges need a daemon of "
        "root's.",
    .example =
        "bivy network create lan --subnet 10.7.0.0/24\n"
        "bivy network create shared --bridge br0\n"
        "sudo bivy network create tenant:dmz --bridge dmz0 --own --subnet 10.8.0.0/24 --packets 20000\n",
    .options = create_options,
    .values_size = sizeof(struct network_values),
};

static const struct option_row list_options[] = {
    OPTION_FORMAT(struct network_values, format),
    OPTION_RUN_DIRECTORY(struct network_values, run_directory),
    OPTION_END,
};

const struct command_usage network_ls_usage = {
    .operands = "PATH",
    .least = 0,
    .most = 1,
    .about = "The network \"user\" is not listed: every path has it.",
    .example = "bivy network ls\nbivy network ls -o json tenant:\n",
    .options = list_options,
    .values_size = sizeof(struct network_values),
};

static const struct option_row remove_options[] = {
    OPTION_RUN_DIRECTORY(struct network_values, run_directory),
    OPTION_END,
};

const struct command_usage network_rm_usage = {
    .operands = "NAME...",
    .least = 1,
    .most = -1,
    .about = "A network that a unikernel uses stays.",
    .example = "bivy network rm lan\n",
    .options = remove_options,
    .values_size = sizeof(struct network_values),
};

static struct wire_bytes given(const char *text)
{
    return wire_text(text == NULL ? "" : text);
}

int network_create_main(const struct command_call *call, struct error *err)
{
    const struct network_values *values = call->values;
    const struct wire_network_create config = {
        .kind = values->bridge != NULL ? WIRE_NETWORK_KIND_BRIDGE : WIRE_NETWORK_KIND_USER,
        .bridge = given(values->bridge),
        .own = values->own,
        .subnet = given(values->subnet),
        .gateway = given(values->gateway),
        .mtu = values->mtu.value,
        .bytes = values->bytes.value,
        .packets = values->packets.value,
        .isolate = values->isolate,
    };
    cleanup_client struct client *client = daemon_open(values->run_directory, err);
    if (client == NULL || client_network_create(client, call->operands[0], &config, err) < 0)
        return COMMAND_FAILED;
    printf("%s: network created\n", call->operands[0]);
    return COMMAND_DONE;
}

/* Texts are null where there is none, numbers where they are 0. */
static void set_text(json_t *json, const char *key, struct wire_bytes text)
{
    output_json_set(json, key, text.size > 0 ? output_json_text(text.data, text.size) : json_null());
}

static void set_number(json_t *json, const char *key, int64_t number)
{
    output_json_set(json, key, number != 0 ? json_integer(number) : json_null());
}

static json_t *network_json(const struct wire_network *network)
{
    const struct wire_network_create *config = &network->config;
    struct wire_bytes name = unikernel_name(network->name);
    json_t *json = json_object();
    json_t *users = json_array();
    for (size_t i = 0; i < network->used_by.count; i++) {
        struct wire_bytes user = unikernel_name(network->used_by.items[i]);
        json_array_append_new(users, output_json_text(user.data, user.size));
    }
    set_text(json, "name", name);
    output_json_set(json, "kind", json_string(config->kind == WIRE_NETWORK_KIND_BRIDGE ? "bridge" : "user"));
    set_text(json, "bridge", config->bridge);
    output_json_set(json, "own", json_boolean(config->own));
    set_text(json, "subnet", config->subnet);
    set_text(json, "gateway", config->gateway);
    set_number(json, "mtu_bytes", config->mtu);
    set_number(json, "bytes_per_second", config->bytes);
    set_number(json, "packets_per_second", config->packets);
    output_json_set(json, "isolate", json_boolean(config->isolate));
    output_json_set(json, "used_by", users);
    set_text(json, "trouble", network->has_trouble ? network->trouble : wire_text(""));
    return json;
}

static void print_row(struct output_table *table, const struct wire_network *network)
{
    const struct wire_network_create *config = &network->config;
    struct wire_bytes name = unikernel_name(network->name);
    bool bridge = config->kind == WIRE_NETWORK_KIND_BRIDGE;
    output_table_row(table);
    output_table_cell(table, TONE_STRONG, "%.*s", (int)name.size, (const char *)name.data);
    output_table_cell(table, TONE_PLAIN, bridge ? "bridge %.*s%s" : "user", (int)config->bridge.size,
                      (const char *)config->bridge.data, config->own ? " (own)" : "");
    output_table_cell(table, TONE_PLAIN, config->subnet.size > 0 ? "%.*s" : "-", (int)config->subnet.size,
                      (const char *)config->subnet.data);
    output_table_cell(table, TONE_PLAIN, "%zu", network->used_by.count);
    output_table_cell(table, network->has_trouble ? TONE_BAD : TONE_GOOD,
                      network->has_trouble ? "%.*s" : "ok", (int)network->trouble.size,
                      (const char *)network->trouble.data);
}

static void print_list(int format, const struct wire_network_list *networks)
{
    static const char *const headings[] = {"NAME", "KIND", "SUBNET", "USED BY", "STATE", NULL};
    struct output_table table;
    if (format == FORMAT_JSON) {
        json_t *all = json_array();
        for (size_t i = 0; i < networks->count; i++)
            json_array_append_new(all, network_json(&networks->items[i]));
        output_json(all);
        return;
    }
    output_table_begin(&table, headings);
    for (size_t i = 0; i < networks->count; i++)
        print_row(&table, &networks->items[i]);
    output_table_end(&table);
}

int network_ls_main(const struct command_call *call, struct error *err)
{
    const struct network_values *values = call->values;
    struct wire_arena arena = {.limit = 0};
    struct wire_network_list networks;
    cleanup_client struct client *client = daemon_open(values->run_directory, err);
    if (client == NULL)
        return COMMAND_FAILED;
    int result = client_networks(client, call->count > 0 ? call->operands[0] : ":", &arena, &networks, err);
    if (result == 0)
        print_list(values->format, &networks);
    wire_arena_free(&arena);
    return result < 0 ? COMMAND_FAILED : COMMAND_DONE;
}

int network_rm_main(const struct command_call *call, struct error *err)
{
    const struct network_values *values = call->values;
    return daemon_each(call, values->run_directory, client_network_remove, "network removed", err);
}
