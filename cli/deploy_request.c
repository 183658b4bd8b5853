/* deploy_request.c: from options to the daemon's message; see deploy_request.h. */
#include "deploy_request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "host/error.h"
#include "port.h"

#define DEFAULT_MEMORY 32 /* MiB */

static void *take(struct wire_arena *arena, size_t count, size_t size, struct error *err)
{
    void *place = wire_arena_take(arena, (count > 0 ? count : 1) * size, NULL);
    if (place == NULL)
        error_set(err, ENOMEM, "deploy", NULL, NULL);
    return place;
}

/* A copy of TEXT in ARENA. */
static int keep_text(struct wire_arena *arena, const char *text, struct wire_bytes *bytes, struct error *err)
{
    size_t size = strlen(text);
    char *copy = take(arena, size + 1, 1, err);
    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, text, size + 1);
    *bytes = wire_text(copy);
    return 0;
}

int deploy_parse_restart(const char *text, struct wire_arena *arena, struct wire_restart *restart,
                         struct error *err)
{
    static const char *const words[] = {
        [WIRE_RESTART_NEVER] = "never",
        [WIRE_RESTART_ALWAYS] = "always",
        [WIRE_RESTART_ON_FAILURE] = "on-failure",
    };
    for (unsigned kind = WIRE_RESTART_NEVER; kind <= WIRE_RESTART_ON_FAILURE; kind++) {
        if (strcmp(text, words[kind]) != 0)
            continue;
        restart->kind = (enum wire_restart_kind)kind;
        return 0;
    }
    char copy[1024];
    snprintf(copy, sizeof copy, "%s", text);
    restart->kind = WIRE_RESTART_CODES;
    restart->u.codes.count = 0;
    restart->u.codes.items = take(arena, 256, sizeof(int64_t), err);
    if (restart->u.codes.items == NULL)
        return -ENOMEM;
    char *rest = copy;
    for (char *word = strsep(&rest, ","); word != NULL; word = strsep(&rest, ",")) {
        int64_t code;
        if (restart->u.codes.count == 256 || option_parse_number(word, 0, 255, &code) < 0)
            return error_set(err, EINVAL, "restart", text,
                             "not never, always, on-failure or exit statuses such as 1,2,255");
        restart->u.codes.items[restart->u.codes.count++] = code;
    }
    return 0;
}

static int fill_cpus(const struct option_list *list, struct wire_arena *arena, struct wire_deploy *request,
                     struct error *err)
{
    request->cpuids.items = take(arena, list->count, sizeof(int64_t), err);
    if (request->cpuids.items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < list->count; i++) {
        if (option_parse_number(list->items[i], 0, 65535, &request->cpuids.items[i]) < 0)
            return error_set(err, EINVAL, "choose processor", list->items[i],
                             "not the number of a processor");
    }
    request->cpuids.count = list->count;
    return 0;
}

/* How the message says SPEC's network. */
static int fill_network(const struct device_net *spec, const char *text, struct wire_arena *arena,
                        struct wire_deploy_net *net, struct error *err)
{
    char name[DEVICE_SOURCE_SIZE + 8];
    if (spec->kind == DEVICE_NET_TAP || spec->kind == DEVICE_NET_FD) {
        error_set(err, EINVAL, "attach network", text, "the daemon makes its own interfaces");
        error_hint(err, "user or bridge:IF; 'bivy run' takes taps and descriptors");
        return -EINVAL;
    }
    snprintf(name, sizeof name, "%s%s", spec->kind == DEVICE_NET_BRIDGE ? "bridge:" : "",
             spec->kind == DEVICE_NET_USER ? "user" : spec->source);
    net->has_mac = spec->has_mac;
    if (spec->has_mac) {
        uint8_t *mac = take(arena, 6, 1, err);
        if (mac == NULL)
            return -ENOMEM;
        memcpy(mac, spec->mac, 6);
        net->mac = (struct wire_bytes){mac, 6};
    }
    int result = keep_text(arena, spec->device, &net->device, err);
    return result < 0 ? result : keep_text(arena, name, &net->network, err);
}

static int fill_networks(const struct option_list *list, struct wire_arena *arena,
                         struct wire_deploy *request, struct error *err)
{
    request->networks.items = take(arena, list->count, sizeof *request->networks.items, err);
    if (request->networks.items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < list->count; i++) {
        struct device_net spec;
        int result = device_parse_net(list->items[i], &spec, err);
        if (result == 0)
            result = fill_network(&spec, list->items[i], arena, &request->networks.items[i], err);
        if (result < 0)
            return result;
    }
    request->networks.count = list->count;
    return 0;
}

static int fill_blocks(const struct option_list *list, struct wire_arena *arena, struct wire_deploy *request,
                       struct error *err)
{
    request->blocks.items = take(arena, list->count, sizeof *request->blocks.items, err);
    if (request->blocks.items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < list->count; i++) {
        struct device_block spec;
        struct wire_block *block = &request->blocks.items[i];
        int result = device_parse_block(list->items[i], &spec, err);
        if (result == 0)
            result = keep_text(arena, spec.device, &block->name, err);
        if (result < 0)
            return result;
        block->has_host_device = true;
        block->host_device = wire_text(spec.source);
    }
    request->blocks.count = list->count;
    return 0;
}

static int fill_ports(const struct option_list *list, struct wire_arena *arena, struct wire_deploy *request,
                      struct error *err)
{
    request->ports.items = take(arena, list->count, sizeof *request->ports.items, err);
    if (request->ports.items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < list->count; i++) {
        struct port_spec spec;
        struct wire_deploy_port *port = &request->ports.items[i];
        int result = port_parse(list->items[i], &spec, err);
        if (result == 0)
            result = keep_text(arena, spec.device, &port->device, err);
        if (result == 0)
            result = keep_text(arena, spec.address, &port->address, err);
        if (result < 0)
            return result;
        port->host = spec.host;
        port->guest = spec.guest;
        port->udp = spec.udp;
    }
    request->ports.count = list->count;
    return 0;
}

int deploy_parse_check(const char *text, struct wire_health *health, struct error *err)
{
    char number[8];
    int64_t port;
    bool http = strncmp(text, "http:", 5) == 0;
    const char *start = text + (http ? 5 : 4);
    if (!http && strncmp(text, "tcp:", 4) != 0)
        return error_set(err, EINVAL, "check", text, "not tcp:PORT or http:PORT/PATH");
    size_t size = http ? strcspn(start, "/") : strlen(start);
    snprintf(number, sizeof number, "%.*s", (int)(size < sizeof number ? size : sizeof number - 1), start);
    if (option_parse_number(number, 1, 65535, &port) < 0)
        return error_set(err, EINVAL, "check", text, "not a port, 1 to 65535, after the first colon");
    health->kind.kind = http ? WIRE_HEALTH_KIND_HTTP : WIRE_HEALTH_KIND_TCP;
    if (!http) {
        health->kind.u.tcp = port;
        return 0;
    }
    health->kind.u.http.port = port;
    health->kind.u.http.path = wire_text(start[size] == '/' ? start + size : "/");
    return 0;
}

static int64_t given(const struct option_number *number, int64_t otherwise)
{
    return number->given ? number->value : otherwise;
}

static int fill_check(const struct deploy_values *values, struct wire_deploy *request, struct error *err)
{
    const struct option_number *const times[] = {&values->check_interval, &values->check_timeout,
                                                 &values->check_retries};
    for (size_t i = 0; values->check == NULL && i < sizeof times / sizeof *times; i++)
        if (times[i]->given)
            return error_set(err, EINVAL, "deploy", NULL, "--check-... says how often; --check is missing");
    if (values->check == NULL)
        return 0;
    request->has_health = true;
    request->health.interval_ms = given(&values->check_interval, DEPLOY_CHECK_INTERVAL);
    request->health.timeout_ms = given(&values->check_timeout, DEPLOY_CHECK_TIMEOUT);
    request->health.retries = given(&values->check_retries, DEPLOY_CHECK_RETRIES);
    return deploy_parse_check(values->check, &request->health, err);
}

static int fill_arguments(int count, char **arguments, struct wire_arena *arena, struct wire_deploy *request,
                          struct error *err)
{
    request->arguments.items = take(arena, (size_t)count, sizeof *request->arguments.items, err);
    if (request->arguments.items == NULL)
        return -ENOMEM;
    for (int i = 0; i < count; i++)
        request->arguments.items[i] = wire_text(arguments[i]);
    request->arguments.count = (size_t)count;
    return 0;
}

int deploy_request_fill(const struct deploy_values *values, int count, char **arguments,
                        struct wire_arena *arena, struct wire_deploy *request, struct error *err)
{
    request->tender = values->tender;
    request->force = values->force;
    request->memory = values->memory.given ? values->memory.value : DEFAULT_MEMORY;
    request->has_startup = values->startup.given;
    request->startup = values->startup.value;
    int result = deploy_parse_restart(values->restart, arena, &request->restart, err);
    if (result == 0)
        result = fill_cpus(&values->cpus, arena, request, err);
    if (result == 0)
        result = fill_networks(&values->nets, arena, request, err);
    if (result == 0)
        result = fill_blocks(&values->blocks, arena, request, err);
    if (result == 0)
        result = fill_ports(&values->ports, arena, request, err);
    if (result == 0)
        result = fill_check(values, request, err);
    if (result == 0)
        result = fill_arguments(count, arguments, arena, request, err);
    return result;
}
