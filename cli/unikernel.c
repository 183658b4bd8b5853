/* unikernel.c: unikernels for people and programs; see unikernel.h. */
#define _GNU_SOURCE
#include "unikernel.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* %.*s of bytes that came over the wire. */
#define BYTES(bytes) (int)(bytes).size, (const char *)(bytes).data

static const char *word(const char *const *words, size_t count, int64_t value)
{
    return value >= 0 && (size_t)value < count ? words[value] : "unknown";
}

struct wire_bytes unikernel_name(struct wire_bytes full)
{
    if (full.size > 1 && full.data[0] == ':' && memchr(full.data + 1, ':', full.size - 1) == NULL)
        return (struct wire_bytes){full.data + 1, full.size - 1};
    return full;
}

const char *unikernel_state_name(int64_t state)
{
    static const char *const words[] = {"starting", "running", "stopping", "stopped",
                                        "exited",   "failed",  "waiting",  "crash-loop"};
    return word(words, COUNT(words), state);
}

const char *unikernel_tender_name(int64_t tender)
{
    static const char *const words[] = {"any", "process", "vm"};
    return word(words, COUNT(words), tender);
}

const char *unikernel_event_name(int64_t kind)
{
    static const char *const words[] = {"created",   "started", "exited",  "restarted", "stopped",
                                        "destroyed", "failed",  "refused", "health"};
    return kind == WIRE_EVENT_KIND_NETWORK ? "network" : word(words, COUNT(words), kind);
}

static const char *health_name(int64_t health)
{
    static const char *const words[] = {"none", "passing", "failing"};
    return word(words, COUNT(words), health);
}

enum output_tone unikernel_state_tone(int64_t state)
{
    switch (state) {
    case WIRE_STATE_RUNNING:
        return TONE_GOOD;
    case WIRE_STATE_FAILED:
    case WIRE_STATE_CRASH_LOOP:
        return TONE_BAD;
    case WIRE_STATE_STARTING:
    case WIRE_STATE_STOPPING:
    case WIRE_STATE_WAITING:
        return TONE_WARNING;
    default:
        return TONE_PLAIN;
    }
}

void unikernel_restart_print(const struct wire_restart *restart, char text[static 64])
{
    static const char *const words[] = {
        [WIRE_RESTART_NEVER] = "never",
        [WIRE_RESTART_ALWAYS] = "always",
        [WIRE_RESTART_ON_FAILURE] = "on-failure",
    };
    size_t used = 0;
    if (restart->kind != WIRE_RESTART_CODES) {
        snprintf(text, 64, "%s", word(words, COUNT(words), restart->kind));
        return;
    }
    text[0] = '\0';
    for (size_t i = 0; i < restart->u.codes.count && used < 56; i++)
        used += (size_t)snprintf(text + used, 64 - used, "%s%lld", i > 0 ? "," : "",
                                 (long long)(restart->u.codes.items[i] & 0xff));
}

void unikernel_port_print(const struct wire_deploy_port *port, char text[static 80])
{
    bool six = memchr(port->address.data, ':', port->address.size) != NULL;
    bool any = port->address.size == 0;
    snprintf(text, 80, "%s%.*s%s:%u -> %u/%s", six ? "[" : "", any ? 9 : (int)port->address.size,
             any ? "127.0.0.1" : (const char *)port->address.data, six ? "]" : "",
             (unsigned)port->host & 0xffff, (unsigned)port->guest & 0xffff, port->udp ? "udp" : "tcp");
}

static json_t *text_json(struct wire_bytes bytes)
{
    return output_json_text(bytes.data, bytes.size);
}

static json_t *time_json(int64_t ms)
{
    char text[32];
    output_time(text, ms);
    return json_string(text);
}

static json_t *mac_json(struct wire_bytes mac)
{
    char text[18] = "";
    for (size_t i = 0; i < mac.size && i < 6; i++)
        snprintf(text + 3 * i, sizeof text - 3 * i, i < 5 ? "%02x:" : "%02x", mac.data[i]);
    return json_string(text);
}

static json_t *ports_json(const struct wire_deploy_port_list *ports)
{
    json_t *all = json_array();
    for (size_t i = 0; i < ports->count; i++) {
        const struct wire_deploy_port *port = &ports->items[i];
        json_t *one = json_object();
        output_json_set(one, "host", json_integer(port->host));
        output_json_set(one, "guest", json_integer(port->guest));
        output_json_set(one, "proto", json_string(port->udp ? "udp" : "tcp"));
        output_json_set(one, "address",
                        port->address.size > 0 ? text_json(port->address) : json_string("127.0.0.1"));
        if (port->device.size > 0)
            output_json_set(one, "device", text_json(port->device));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *networks_json(const struct wire_net_state_list *networks)
{
    json_t *all = json_array();
    for (size_t i = 0; i < networks->count; i++) {
        const struct wire_net_state *net = &networks->items[i];
        json_t *one = json_object();
        output_json_set(one, "device", text_json(net->device));
        output_json_set(one, "network", text_json(net->network));
        output_json_set(one, "mac", mac_json(net->mac));
        output_json_set(one, "ipv4", net->ipv4.size > 0 ? text_json(net->ipv4) : json_null());
        output_json_set(one, "interface", net->has_interface ? text_json(net->interface) : json_null());
        output_json_set(one, "trouble", net->has_trouble ? text_json(net->trouble) : json_null());
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *blocks_json(const struct wire_block_info_list *blocks)
{
    json_t *all = json_array();
    for (size_t i = 0; i < blocks->count; i++) {
        const struct wire_block_info *block = &blocks->items[i];
        json_t *one = json_object();
        output_json_set(one, "device", text_json(block->unikernel_device));
        output_json_set(one, "volume", text_json(block->host_device));
        output_json_set(one, "sector_bytes", json_integer(block->sector_size));
        output_json_set(one, "size_mib", json_integer(block->size_mb));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *texts_json(const struct wire_bytes_list *texts)
{
    json_t *all = json_array();
    for (size_t i = 0; i < texts->count; i++)
        json_array_append_new(all, text_json(texts->items[i]));
    return all;
}

static json_t *numbers_json(const struct wire_integer_list *numbers)
{
    json_t *all = json_array();
    for (size_t i = 0; i < numbers->count; i++)
        json_array_append_new(all, json_integer(numbers->items[i]));
    return all;
}

static json_t *restart_json(const struct wire_restart *restart)
{
    char text[64];
    if (restart->kind == WIRE_RESTART_CODES)
        return numbers_json(&restart->u.codes);
    unikernel_restart_print(restart, text);
    return json_string(text);
}

static json_t *digest_json(struct wire_bytes digest)
{
    char text[2 * 64 + 1];
    output_hex(text, digest.data, digest.size < 64 ? digest.size : 64);
    return json_pack("s+", "sha256:", text);
}

/* What there is for `show` and `deploy` alone and what `ps` promises stand in one object: a program needs no
 * list of who prints what. */
json_t *unikernel_json(const struct wire_unikernel *it)
{
    json_t *json = json_object();
    output_json_set(json, "name", text_json(unikernel_name(it->name)));
    output_json_set(json, "state", json_string(unikernel_state_name(it->state)));
    output_json_set(json, "tender", json_string(unikernel_tender_name(it->tender)));
    output_json_set(json, "memory_mib", json_integer(it->memory));
    output_json_set(json, "cpus", numbers_json(&it->cpuids));
    output_json_set(json, "ports", ports_json(&it->ports));
    output_json_set(json, "started", it->has_started ? time_json(it->started) : json_null());
    output_json_set(json, "restarts", json_integer(it->restarts));
    output_json_set(json, "restart", restart_json(&it->restart));
    output_json_set(json, "digest", digest_json(it->digest));
    output_json_set(json, "created", time_json(it->created));
    output_json_set(json, "exit_status", it->has_exit_status ? json_integer(it->exit_status) : json_null());
    output_json_set(json, "reason", text_json(it->reason));
    output_json_set(json, "pid", it->pid > 0 ? json_integer(it->pid) : json_null());
    output_json_set(json, "health", json_string(health_name(it->health)));
    output_json_set(json, "networks", networks_json(&it->networks));
    output_json_set(json, "blocks", blocks_json(&it->blocks));
    output_json_set(json, "arguments", texts_json(&it->arguments));
    return json;
}

/* How long ago MS was, roughly: "5 s", "3 min", "2 h", "9 d". */
static void age_print(int64_t ms, char text[static 24])
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    long long seconds = (long long)now.tv_sec - ms / 1000;
    if (seconds < 120)
        snprintf(text, 24, "%lld s", seconds > 0 ? seconds : 0);
    else if (seconds < 7200)
        snprintf(text, 24, "%lld min", seconds / 60);
    else if (seconds < 172800)
        snprintf(text, 24, "%lld h", seconds / 3600);
    else
        snprintf(text, 24, "%lld d", seconds / 86400);
}

static void ports_print(const struct wire_deploy_port_list *ports, char *text, size_t size)
{
    char one[80];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < ports->count && used + sizeof one + 2 < size; i++) {
        unikernel_port_print(&ports->items[i], one);
        used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", one);
    }
}

static void row_print(struct output_table *table, const struct wire_unikernel *it, bool wide)
{
    char ports[320];
    char age[24] = "-";
    char digest[13] = "";
    struct wire_bytes name = unikernel_name(it->name);
    ports_print(&it->ports, ports, sizeof ports);
    if (it->has_started)
        age_print(it->started, age);
    output_table_row(table);
    output_table_cell(table, TONE_STRONG, "%.*s", BYTES(name));
    if (it->has_exit_status && it->state == WIRE_STATE_EXITED)
        output_table_cell(table, unikernel_state_tone(it->state), "exited (%lld)",
                          (long long)it->exit_status);
    else if (it->health != WIRE_HEALTH_STATE_NONE)
        output_table_cell(table, it->health == WIRE_HEALTH_STATE_PASSING ? TONE_GOOD : TONE_BAD, "%s (%s)",
                          unikernel_state_name(it->state), health_name(it->health));
    else
        output_table_cell(table, unikernel_state_tone(it->state), "%s", unikernel_state_name(it->state));
    output_table_cell(table, TONE_PLAIN, "%s", unikernel_tender_name(it->tender));
    output_table_cell(table, TONE_PLAIN, "%lld MiB", (long long)it->memory);
    output_table_cell(table, TONE_PLAIN, "%s", age);
    output_table_cell(table, TONE_PLAIN, "%lld", (long long)it->restarts);
    if (wide) {
        output_hex(digest, it->digest.data, it->digest.size < 6 ? it->digest.size : 6);
        output_table_cell(table, TONE_PLAIN, "%s", digest);
        output_table_cell(table, TONE_PLAIN, "%lld", (long long)it->pid);
    }
    output_table_cell(table, TONE_PLAIN, "%s", ports);
}

void unikernel_print_table(const struct wire_unikernel_list *list, bool wide)
{
    static const char *const narrow_headings[] = {"NAME",    "STATE",    "AS",    "MEMORY",
                                                  "STARTED", "RESTARTS", "PORTS", NULL};
    static const char *const wide_headings[] = {"NAME",     "STATE", "AS",  "MEMORY", "STARTED",
                                                "RESTARTS", "IMAGE", "PID", "PORTS",  NULL};
    struct output_table table;
    output_table_begin(&table, wide ? wide_headings : narrow_headings);
    for (size_t i = 0; i < list->count; i++)
        row_print(&table, &list->items[i], wide);
    output_table_end(&table);
}

static void print_devices(const struct wire_unikernel *it)
{
    char text[80];
    for (size_t i = 0; i < it->networks.count; i++) {
        const struct wire_net_state *net = &it->networks.items[i];
        output_field(i == 0 ? "networks" : "", "%.*s on %.*s %.*s", BYTES(net->device), BYTES(net->network),
                     BYTES(net->ipv4));
        if (net->has_interface)
            output_field("", "  interface %.*s", BYTES(net->interface));
        if (net->has_trouble)
            output_field("", "  trouble: %.*s", BYTES(net->trouble));
    }
    for (size_t i = 0; i < it->blocks.count; i++) {
        const struct wire_block_info *block = &it->blocks.items[i];
        output_field(i == 0 ? "volumes" : "", "%.*s is %.*s (%lld MiB)", BYTES(block->unikernel_device),
                     BYTES(block->host_device), (long long)block->size_mb);
    }
    for (size_t i = 0; i < it->ports.count; i++) {
        unikernel_port_print(&it->ports.items[i], text);
        output_field(i == 0 ? "ports" : "", "%s", text);
    }
}

void unikernel_print(const struct wire_unikernel *it)
{
    char text[2 * 64 + 1];
    struct wire_bytes name = unikernel_name(it->name);
    output_field("name", "%.*s", BYTES(name));
    output_field("state", "%s", unikernel_state_name(it->state));
    if (it->health != WIRE_HEALTH_STATE_NONE)
        output_field("health", "%s", health_name(it->health));
    if (it->reason.size > 0)
        output_field("reason", "%.*s", BYTES(it->reason));
    if (it->has_exit_status)
        output_field("exit status", "%lld", (long long)it->exit_status);
    output_field("runs as", "%s", unikernel_tender_name(it->tender));
    output_field("memory", "%lld MiB", (long long)it->memory);
    for (size_t i = 0; i < it->cpuids.count; i++)
        output_field(i == 0 ? "processors" : "", "%lld", (long long)it->cpuids.items[i]);
    output_hex(text, it->digest.data, it->digest.size < 64 ? it->digest.size : 64);
    output_field("image", "sha256:%s", text);
    output_time(text, it->created);
    output_field("created", "%s", text);
    if (it->has_started) {
        output_time(text, it->started);
        output_field("started", "%s", text);
    }
    unikernel_restart_print(&it->restart, text);
    output_field("restart", "%s, %lld so far", text, (long long)it->restarts);
    if (it->pid > 0)
        output_field("process", "%lld", (long long)it->pid);
    print_devices(it);
    for (size_t i = 0; i < it->arguments.count; i++)
        output_field(i == 0 ? "arguments" : "", "%.*s", BYTES(it->arguments.items[i]));
}
