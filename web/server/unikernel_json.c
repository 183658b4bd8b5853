/* unikernel_json.c: how a unikernel reads as JSON; see unikernel.h. */
#include "unikernel.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "text.h"

static json_t *bytes_json(struct wire_bytes bytes)
{
    return text_json(bytes.data, bytes.size);
}

static json_t *time_json(int64_t time_ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_print(time_ms, text);
    return json_string(text);
}

json_t *unikernel_name_json(struct wire_bytes name)
{
    if (name.size > 0 && name.data[0] == ':' && memchr(name.data + 1, ':', name.size - 1) == NULL)
        return text_json(name.data + 1, name.size - 1);
    return bytes_json(name);
}

static json_t *integers_json(const struct wire_integer_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, json_integer(list->items[i]));
    return array;
}

static json_t *texts_json(const struct wire_bytes_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, bytes_json(list->items[i]));
    return array;
}

static json_t *restart_json(const struct wire_restart *restart)
{
    switch (restart->kind) {
    case WIRE_RESTART_ALWAYS:
        return json_string("always");
    case WIRE_RESTART_ON_FAILURE:
        return json_string("on-failure");
    case WIRE_RESTART_CODES:
        return integers_json(&restart->u.codes);
    case WIRE_RESTART_NEVER:
        break;
    }
    return json_string("never");
}

static json_t *networks_json(const struct wire_net_state_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++) {
        const struct wire_net_state *net = &list->items[i];
        char mac[18] = "";
        for (size_t j = 0; j < net->mac.size && j < 6; j++)
            snprintf(mac + 3 * j, 4, "%02x%s", net->mac.data[j], j < 5 ? ":" : "");
        json_array_append_new(array,
                              json_pack("{s:o, s:o, s:s, s:o}", "device", bytes_json(net->device), "network",
                                        bytes_json(net->network), "mac", mac, "ipv4", bytes_json(net->ipv4)));
    }
    return array;
}

static json_t *blocks_json(const struct wire_block_info_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++) {
        const struct wire_block_info *block = &list->items[i];
        json_array_append_new(array,
                              json_pack("{s:o, s:o, s:I}", "device", bytes_json(block->unikernel_device),
                                        "volume", bytes_json(block->host_device), "sector_size_bytes",
                                        (json_int_t)block->sector_size));
    }
    return array;
}

/* Where a browser on this machine finds a TCP port; an address that means "all" is any of them. */
static json_t *url_json(const char *address, int64_t port)
{
    bool everywhere = strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
    char url[128];
    if (strchr(address, ':') != NULL && !everywhere)
        snprintf(url, sizeof url, "http://[%s]:%lld/", address, (long long)port);
    else
        snprintf(url, sizeof url, "http://%s:%lld/", everywhere ? "127.0.0.1" : address, (long long)port);
    return json_string(url);
}

static json_t *port_json(const struct wire_deploy_port *port)
{
    char address[64] = "127.0.0.1";
    if (port->address.size > 0 && port->address.size < sizeof address)
        snprintf(address, sizeof address, "%.*s", (int)port->address.size, (const char *)port->address.data);
    json_t *json = json_pack("{s:I, s:I, s:s, s:o}", "host", (json_int_t)port->host, "guest",
                             (json_int_t)port->guest, "protocol", port->udp ? "udp" : "tcp", "address",
                             text_json((const uint8_t *)address, strlen(address)));
    if (!port->udp && port->host > 0)
        json_object_set_new(json, "url", url_json(address, port->host));
    if (port->device.size > 0)
        json_object_set_new(json, "device", bytes_json(port->device));
    return json;
}

static json_t *ports_json(const struct wire_deploy_port_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, port_json(&list->items[i]));
    return array;
}

static json_t *digest_json(struct wire_bytes digest)
{
    char text[2 * TOKEN_HASH_SIZE + 1] = "";
    if (digest.size == TOKEN_HASH_SIZE)
        token_print(digest.data, digest.size, text);
    return json_string(text);
}

static const char *state_name(int64_t state)
{
    static const char *const names[] = {"starting", "running", "stopping", "stopped",
                                        "exited",   "failed",  "waiting",  "crash-loop"};
    return state >= 0 && state < (int64_t)(sizeof names / sizeof names[0]) ? names[state] : "failed";
}

static const char *health_name(int64_t health)
{
    static const char *const names[] = {"none", "passing", "failing"};
    return health >= 0 && health < (int64_t)(sizeof names / sizeof names[0]) ? names[health] : "none";
}

json_t *unikernel_json(const struct wire_unikernel *unikernel)
{
    json_t *json = json_pack(
        "{s:o, s:s, s:s, s:o, s:s, s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:I}", "name",
        unikernel_name_json(unikernel->name), "state", state_name(unikernel->state), "health",
        health_name(unikernel->health), "reason", bytes_json(unikernel->reason), "tender",
        unikernel->tender == WIRE_TENDER_VM ? "vm" : "process", "memory_mib", (json_int_t)unikernel->memory,
        "cpus", integers_json(&unikernel->cpuids), "digest", digest_json(unikernel->digest), "created",
        time_json(unikernel->created), "restarts", (json_int_t)unikernel->restarts, "restart",
        restart_json(&unikernel->restart), "networks", networks_json(&unikernel->networks), "blocks",
        blocks_json(&unikernel->blocks), "ports", ports_json(&unikernel->ports), "arguments",
        texts_json(&unikernel->arguments), "pid", (json_int_t)unikernel->pid);
    if (json != NULL && unikernel->has_started)
        json_object_set_new(json, "started", time_json(unikernel->started));
    if (json != NULL && unikernel->has_exit_status)
        json_object_set_new(json, "exit_status", json_integer(unikernel->exit_status));
    return json;
}
