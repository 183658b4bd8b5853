/*
 * client.c: one command to a daemon, for the end-to-end tests: no library between the test and the wire.
 *
 *   daemon_client SOCKET COMMAND NAME [KEY=VALUE]... [-- GUEST-ARGUMENT...]
 *
 * Prints what comes back, one line a thing; a failure's text on standard error and status 1. A connection
 * that is closed without an answer is status 3.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/buffer.h"
#include "host/error.h"
#include "host/fd.h"
#include "wire/frame.h"
#include "wire_types.h"

#define LIST_MAX 256

struct request {
    int socket;
    struct wire_wire message;
    struct wire_bivy_request *bivy;
    struct buffer image;
    uint8_t digest[32];
    size_t send; /* bytes of the image before the connection is cut; 0: all */
    long memory, tail, within, stay, release, check;
    bool force, compressed, follow;
    const char *restart;
    struct wire_deploy_net nets[LIST_MAX];
    struct wire_net bridges[LIST_MAX];
    struct wire_deploy_port ports[LIST_MAX];
    struct wire_bytes arguments[LIST_MAX];
    int64_t cpus[LIST_MAX];
    size_t net_count, port_count, argument_count, cpu_count;
    struct wire_policy policy;
    struct wire_bytes policy_networks[2];
};

static struct wire_frame_reader reader = {.limit = WIRE_IMAGE_LIMIT};

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static void load(struct request *request, const char *path)
{
    struct stat status;
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0)
        die(path);
    uint8_t *to = buffer_reserve(&request->image, (size_t)status.st_size + 1);
    if (to == NULL || fd_read_all(fd, to, (size_t)status.st_size) != status.st_size)
        die(path);
    request->image.size = (size_t)status.st_size;
}

static void add_port(struct request *request, const char *value, bool udp)
{
    struct wire_deploy_port *port = &request->ports[request->port_count++];
    char *colon;
    *port = (struct wire_deploy_port){.udp = udp};
    port->host = strtol(value, &colon, 10);
    port->guest = strtol(colon + 1, NULL, 10);
}

/* DEVICE or DEVICE:NETWORK. */
static void add_net(struct request *request, const char *value)
{
    size_t size = strcspn(value, ":");
    request->nets[request->net_count++] =
        (struct wire_deploy_net){.device = {(const uint8_t *)value, size},
                                 .network = wire_text(value[size] == ':' ? value + size + 1 : "user")};
}

static void take_hex(const char *hex, uint8_t digest[static 32])
{
    for (size_t i = 0; i < 32; i++) {
        unsigned byte = 0;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            die("digest");
        digest[i] = (uint8_t)byte;
    }
}

static void take_option(struct request *request, const char *key, const char *value)
{
    if (strcmp(key, "image") == 0)
        load(request, value);
    else if (strcmp(key, "digest") == 0)
        take_hex(value, request->digest);
    else if (strcmp(key, "memory") == 0)
        request->memory = strtol(value, NULL, 10);
    else if (strcmp(key, "send") == 0)
        request->send = strtoul(value, NULL, 10);
    else if (strcmp(key, "within") == 0)
        request->within = strtol(value, NULL, 10);
    else if (strcmp(key, "stay") == 0)
        request->stay = strtol(value, NULL, 10);
    else if (strcmp(key, "release") == 0)
        request->release = strtol(value, NULL, 10);
    else if (strcmp(key, "check") == 0)
        request->check = strtol(value, NULL, 10);
    else if (strcmp(key, "force") == 0)
        request->force = true;
    else if (strcmp(key, "compressed") == 0)
        request->compressed = true;
    else if (strcmp(key, "follow") == 0)
        request->follow = true;
    else if (strcmp(key, "tail") == 0)
        request->tail = strtol(value, NULL, 10);
    else if (strcmp(key, "restart") == 0)
        request->restart = value;
    else if (strcmp(key, "cpu") == 0)
        request->cpus[request->cpu_count++] = strtol(value, NULL, 10);
    else if (strcmp(key, "net") == 0)
        add_net(request, value);
    else if (strcmp(key, "port") == 0)
        add_port(request, value, false);
    else if (strcmp(key, "unikernels") == 0)
        request->policy.unikernels = strtol(value, NULL, 10);
    else
        die(key);
}

static void take_restart(struct request *request, struct wire_restart *restart)
{
    const char *text = request->restart == NULL ? "never" : request->restart;
    restart->kind = WIRE_RESTART_NEVER;
    if (strcmp(text, "always") == 0)
        restart->kind = WIRE_RESTART_ALWAYS;
    else if (strcmp(text, "on-failure") == 0)
        restart->kind = WIRE_RESTART_ON_FAILURE;
    else if (strcmp(text, "codes") == 0)
        restart->kind = WIRE_RESTART_CODES;
}

static void make_deploy(struct request *request)
{
    struct wire_deploy *deploy = &request->bivy->u.deploy;
    request->bivy->kind = WIRE_BIVY_REQUEST_DEPLOY;
    deploy->image.kind = WIRE_DEPLOY_IMAGE_UPLOAD;
    deploy->image.u.upload = (int64_t)request->image.size;
    if (request->image.data == NULL) {
        deploy->image.kind = WIRE_DEPLOY_IMAGE_DIGEST;
        deploy->image.u.digest = (struct wire_bytes){request->digest, sizeof request->digest};
    }
    deploy->memory = request->memory;
    deploy->force = request->force;
    deploy->cpuids.count = request->cpu_count;
    deploy->cpuids.items = request->cpus;
    deploy->networks.count = request->net_count;
    deploy->networks.items = request->nets;
    deploy->ports.count = request->port_count;
    deploy->ports.items = request->ports;
    deploy->arguments.count = request->argument_count;
    deploy->arguments.items = request->arguments;
    take_restart(request, &deploy->restart);
}

/* check=PORT: it must accept a connection there. */
static void make_update(struct request *request)
{
    struct wire_update *update = &request->bivy->u.update;
    request->bivy->kind = WIRE_BIVY_REQUEST_UPDATE;
    *update = (struct wire_update){.within_ms = request->within, .stay_ms = request->stay};
    update->image.kind = WIRE_UPDATE_IMAGE_UPLOAD;
    update->image.u.upload = (int64_t)request->image.size;
    if (request->image.data == NULL) {
        update->image.kind = WIRE_UPDATE_IMAGE_DIGEST;
        update->image.u.digest = (struct wire_bytes){request->digest, sizeof request->digest};
    }
    update->has_check = request->check != 0;
    update->check = (struct wire_health){.interval_ms = 1000, .timeout_ms = 1000, .retries = 3};
    update->check.kind.kind = WIRE_HEALTH_KIND_TCP;
    update->check.kind.u.tcp = request->check;
}

/* memory=0: as before; no arguments: as before. */
static void make_restart(struct request *request)
{
    struct wire_restart_with *restart = &request->bivy->u.restart;
    request->bivy->kind = WIRE_BIVY_REQUEST_RESTART;
    *restart = (struct wire_restart_with){.has_memory = request->memory != 0,
                                          .memory = request->memory,
                                          .has_arguments = request->argument_count > 0};
    restart->arguments.count = request->argument_count;
    restart->arguments.items = request->arguments;
}

static void make_config(struct request *request, struct wire_config *config)
{
    config->typ.kind = WIRE_TYP_SOLO5;
    config->compressed = request->compressed;
    config->image = (struct wire_bytes){request->image.data, request->image.size};
    config->fail_behaviour.kind = WIRE_FAIL_BEHAVIOUR_QUIT;
    config->memory = request->memory;
    config->cpuids.count = request->cpu_count;
    config->cpuids.items = request->cpus;
    for (size_t i = 0; i < request->net_count; i++)
        request->bridges[i] = (struct wire_net){
            .name = request->nets[i].device, .has_bridge = true, .bridge = request->nets[i].network};
    config->has_bridges = request->net_count > 0;
    config->bridges.count = request->net_count;
    config->bridges.items = request->bridges;
    config->has_arguments = request->argument_count > 0;
    config->arguments.count = request->argument_count;
    config->arguments.items = request->arguments;
}

static void make_arguments(struct request *request, struct wire_unikernel_cmd *command)
{
    struct wire_arguments *arguments = &command->u.restart.u.args;
    command->kind = WIRE_UNIKERNEL_CMD_RESTART;
    command->u.restart.kind = WIRE_UNIKERNEL_CMD_RESTART_ARGS;
    arguments->fail_behaviour.kind = WIRE_FAIL_BEHAVIOUR_QUIT;
    arguments->memory = request->memory;
    arguments->has_arguments = request->argument_count > 0;
    arguments->arguments.count = request->argument_count;
    arguments->arguments.items = request->arguments;
}

static bool make_albatross(struct request *request, const char *command)
{
    struct wire_command *to = &request->message.payload.u.command;
    struct wire_unikernel_cmd *unikernel = &to->u.unikernel;
    to->kind = WIRE_COMMAND_UNIKERNEL;
    if (strcmp(command, "create") == 0 || strcmp(command, "force-create") == 0) {
        unikernel->kind = command[0] == 'f' ? WIRE_UNIKERNEL_CMD_FORCE_CREATE : WIRE_UNIKERNEL_CMD_CREATE;
        make_config(request, &unikernel->u.create);
    } else if (strcmp(command, "destroy") == 0) {
        unikernel->kind = WIRE_UNIKERNEL_CMD_DESTROY;
    } else if (strcmp(command, "restart") == 0) {
        unikernel->kind = WIRE_UNIKERNEL_CMD_RESTART;
        unikernel->u.restart.kind = WIRE_UNIKERNEL_CMD_RESTART_NONE;
    } else if (strcmp(command, "restart-args") == 0) {
        make_arguments(request, unikernel);
    } else if (strcmp(command, "info") == 0) {
        unikernel->kind = WIRE_UNIKERNEL_CMD_INFO;
    } else if (strcmp(command, "get") == 0) {
        unikernel->kind = WIRE_UNIKERNEL_CMD_GET;
    } else if (strncmp(command, "policy-", 7) == 0) {
        to->kind = WIRE_COMMAND_POLICY;
        to->u.policy.kind = command[7] == 'i'   ? WIRE_POLICY_CMD_INFO
                            : command[7] == 'a' ? WIRE_POLICY_CMD_ADD
                                                : WIRE_POLICY_CMD_REMOVE;
        request->policy.memory = request->memory;
        request->policy.cpuids.count = request->cpu_count;
        request->policy.cpuids.items = request->cpus;
        request->policy_networks[0] = wire_text("user");
        request->policy.bridges.count = 1;
        request->policy.bridges.items = request->policy_networks;
        to->u.policy.u.add = request->policy;
    } else if (strcmp(command, "subscribe") == 0) {
        to->kind = WIRE_COMMAND_CONSOLE;
        to->u.console.kind = WIRE_CONSOLE_CMD_SUBSCRIBE;
        to->u.console.u.subscribe.kind = WIRE_CONSOLE_CMD_SUBSCRIBE_COUNT;
        to->u.console.u.subscribe.u.count = request->tail;
    } else if (strcmp(command, "block-info") == 0) {
        to->kind = WIRE_COMMAND_BLOCK;
        to->u.block.kind = WIRE_BLOCK_CMD_INFO;
    } else {
        return false;
    }
    return true;
}

static bool make_bivy(struct request *request, const char *command)
{
    static const struct {
        const char *name;
        enum wire_bivy_request_kind kind;
    } simple[] = {{"list", WIRE_BIVY_REQUEST_LIST},
                  {"stop", WIRE_BIVY_REQUEST_STOP},
                  {"start", WIRE_BIVY_REQUEST_START},
                  {"history", WIRE_BIVY_REQUEST_HISTORY},
                  {"image-list", WIRE_BIVY_REQUEST_IMAGE_LIST},
                  {"host", WIRE_BIVY_REQUEST_HOST},
                  {"events", WIRE_BIVY_REQUEST_EVENTS},
                  {"shutdown", WIRE_BIVY_REQUEST_SHUTDOWN}};
    struct wire_command *to = &request->message.payload.u.command;
    to->kind = WIRE_COMMAND_BIVY;
    to->u.bivy.version = WIRE_BIVY_VERSION;
    request->bivy = &to->u.bivy.request;
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
        if (strcmp(command, simple[i].name) == 0) {
            request->bivy->kind = simple[i].kind;
            return true;
        }
    if (strcmp(command, "update") == 0) {
        make_update(request);
    } else if (strcmp(command, "rollback") == 0) {
        request->bivy->kind = WIRE_BIVY_REQUEST_ROLLBACK;
        request->bivy->u.rollback = (struct wire_rollback){
            .release = request->release, .within_ms = request->within, .stay_ms = request->stay};
    } else if (strcmp(command, "restart-with") == 0) {
        make_restart(request);
    } else if (strcmp(command, "deploy") == 0) {
        make_deploy(request);
    } else if (strcmp(command, "image-add") == 0) {
        request->bivy->kind = WIRE_BIVY_REQUEST_IMAGE_ADD;
        request->bivy->u.image_add.size = (int64_t)request->image.size;
    } else if (strcmp(command, "image-remove") == 0) {
        request->bivy->kind = WIRE_BIVY_REQUEST_IMAGE_REMOVE;
        request->bivy->u.image_remove = (struct wire_bytes){request->digest, sizeof request->digest};
    } else if (strcmp(command, "console") == 0) {
        request->bivy->kind = WIRE_BIVY_REQUEST_CONSOLE;
        request->bivy->u.console =
            (struct wire_console_follow){.after = -1, .tail = request->tail, .follow = request->follow};
    } else {
        return false;
    }
    return true;
}

static void send_image(struct request *request)
{
    size_t end = request->send != 0 ? request->send : request->image.size;
    uint8_t header[WIRE_FRAME_HEADER];
    for (size_t at = 0; at < end;) {
        size_t size = end - at < 65536 ? end - at : 65536;
        wire_frame_header(header, (uint32_t)size);
        if (fd_write_all(request->socket, header, sizeof header) < 0 ||
            fd_write_all(request->socket, request->image.data + at, size) < 0)
            return; /* the answer says why */
        at += size;
    }
    if (request->send != 0)
        exit(0);
    wire_frame_header(header, 0);
    fd_write_all(request->socket, header, sizeof header);
}

static void print_hex(struct wire_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        printf("%02x", bytes.data[i]);
}

static void print_unikernel(const struct wire_unikernel *unikernel)
{
    static const char *const states[] = {"starting", "running", "stopping", "stopped",
                                         "exited",   "failed",  "waiting",  "crash-loop"};
    printf("name=%.*s state=%s pid=%lld restarts=%lld status=%lld digest=", (int)unikernel->name.size,
           (const char *)unikernel->name.data, states[unikernel->state], (long long)unikernel->pid,
           (long long)unikernel->restarts,
           unikernel->has_exit_status ? (long long)unikernel->exit_status : -1LL);
    print_hex(unikernel->digest);
    for (size_t i = 0; i < unikernel->ports.count; i++)
        printf(" port=%lld", (long long)unikernel->ports.items[i].host);
    for (size_t i = 0; i < unikernel->networks.count; i++)
        printf(" ipv4=%.*s", (int)unikernel->networks.items[i].ipv4.size,
               (const char *)unikernel->networks.items[i].ipv4.data);
    printf(" memory=%lld reason=%.*s\n", (long long)unikernel->memory, (int)unikernel->reason.size,
           (const char *)unikernel->reason.data);
}

static void print_image(const struct wire_image_info *image)
{
    printf("digest=");
    print_hex(image->digest);
    printf(" size=%lld target=%lld devices=%zu used=%zu\n", (long long)image->size, (long long)image->target,
           image->devices.count, image->used_by.count);
}

static void print_release(const struct wire_release *release)
{
    static const char *const results[] = {"trial", "good", "failed"};
    printf("number=%lld result=%s current=%d memory=%lld digest=", (long long)release->number,
           results[release->result], release->current, (long long)release->memory);
    print_hex(release->digest);
    printf(" author=%.*s\n", (int)release->author.size, (const char *)release->author.data);
}

/* 1: another reply follows; 0: done. */
static int print_bivy(struct request *request, const struct wire_bivy_reply *reply)
{
    switch (reply->kind) {
    case WIRE_BIVY_REPLY_READY:
        if (reply->u.ready)
            send_image(request);
        return 1;
    case WIRE_BIVY_REPLY_DEPLOYED:
        print_unikernel(&reply->u.deployed);
        return 0;
    case WIRE_BIVY_REPLY_UNIKERNELS:
        for (size_t i = 0; i < reply->u.unikernels.count; i++)
            print_unikernel(&reply->u.unikernels.items[i]);
        return 0;
    case WIRE_BIVY_REPLY_IMAGE:
        print_image(&reply->u.image);
        return 0;
    case WIRE_BIVY_REPLY_IMAGES:
        for (size_t i = 0; i < reply->u.images.count; i++)
            print_image(&reply->u.images.items[i]);
        return 0;
    case WIRE_BIVY_REPLY_RELEASES:
        for (size_t i = 0; i < reply->u.releases.count; i++)
            print_release(&reply->u.releases.items[i]);
        return 0;
    case WIRE_BIVY_REPLY_HOST:
        printf("cpus=%lld memory=%lld used=%lld\n", (long long)reply->u.host.cpus,
               (long long)reply->u.host.memory, (long long)reply->u.host.memory_used);
        return 0;
    case WIRE_BIVY_REPLY_NETWORKS:
    case WIRE_BIVY_REPLY_DONE:
        return request->bivy->kind == WIRE_BIVY_REQUEST_CONSOLE ||
               request->bivy->kind == WIRE_BIVY_REQUEST_EVENTS;
    }
    return 0;
}

static int print_success(struct request *request, const struct wire_success *success)
{
    switch (success->kind) {
    case WIRE_SUCCESS_BIVY:
        return print_bivy(request, &success->u.bivy.reply);
    case WIRE_SUCCESS_STRING:
        printf("%.*s\n", (int)success->u.string.size, (const char *)success->u.string.data);
        return request->message.payload.u.command.kind == WIRE_COMMAND_CONSOLE;
    case WIRE_SUCCESS_INFO:
        for (size_t i = 0; i < success->u.info.count; i++)
            printf("name=%.*s memory=%lld started=%d cpus=%d\n", (int)success->u.info.items[i].name.size,
                   (const char *)success->u.info.items[i].name.data,
                   (long long)success->u.info.items[i].info.memory, success->u.info.items[i].info.has_started,
                   success->u.info.items[i].info.has_cpus);
        return 0;
    case WIRE_SUCCESS_POLICIES:
        for (size_t i = 0; i < success->u.policies.count; i++)
            printf("path=%.*s unikernels=%lld memory=%lld\n", (int)success->u.policies.items[i].name.size,
                   (const char *)success->u.policies.items[i].name.data,
                   (long long)success->u.policies.items[i].policy.unikernels,
                   (long long)success->u.policies.items[i].policy.memory);
        return 0;
    case WIRE_SUCCESS_UNIKERNEL_IMAGE:
        printf("image=%zu compressed=%d\n", success->u.unikernel_image.image.size,
               success->u.unikernel_image.compressed);
        return 0;
    default:
        return 0;
    }
}

static void print_data(const struct wire_data *data)
{
    if (data->kind == WIRE_DATA_CONSOLE)
        printf("%.*s\n", (int)data->u.console.line.size, (const char *)data->u.console.line.data);
    else if (data->kind == WIRE_DATA_BIVY && data->u.bivy.kind == WIRE_BIVY_DATA_CONSOLE)
        printf("%lld %.*s\n", (long long)data->u.bivy.u.console.id, (int)data->u.bivy.u.console.line.size,
               (const char *)data->u.bivy.u.console.line.data);
    else if (data->kind == WIRE_DATA_BIVY)
        printf("%lld %lld %.*s %.*s\n", (long long)data->u.bivy.u.event.id,
               (long long)data->u.bivy.u.event.kind, (int)data->u.bivy.u.event.name.size,
               (const char *)data->u.bivy.u.event.name.data, (int)data->u.bivy.u.event.detail.size,
               (const char *)data->u.bivy.u.event.detail.data);
    fflush(stdout);
}

/* One message from the daemon: 1 more to come, 0 done, else the program's status. */
static int take_message(struct request *request)
{
    struct wire_bytes frame;
    struct wire_arena arena = {0};
    struct wire_wire message;
    struct error err = {0};
    int state = wire_frame_read(&reader, request->socket, &frame, &err);
    if (state != WIRE_FRAME_READY)
        return 3;
    if (wire_decode(&wire_type_wire, frame.data, frame.size, &arena, &message, &err) < 0) {
        error_print(&err, "daemon_client");
        exit(2);
    }
    int result = 1;
    if (message.payload.kind == WIRE_PAYLOAD_REPLY) {
        result = print_success(request, &message.payload.u.reply);
    } else if (message.payload.kind == WIRE_PAYLOAD_DATA) {
        print_data(&message.payload.u.data);
    } else {
        fprintf(stderr, "%.*s\n", (int)message.payload.u.failure.size,
                (const char *)message.payload.u.failure.data);
        wire_arena_free(&arena);
        exit(1);
    }
    wire_arena_free(&arena);
    return result;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof address.sun_path)
        die(path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        die(path);
    return fd;
}

int main(int argc, char **argv)
{
    static struct request request = {.memory = 8, .tail = 1000};
    struct buffer out = {0};
    struct error err = {0};
    if (argc < 4)
        return 2;
    int i = 4;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        char *equals = strchr(argv[i], '=');
        if (equals != NULL)
            *equals = '\0';
        take_option(&request, argv[i], equals != NULL ? equals + 1 : "");
    }
    for (i++; i < argc && request.argument_count < LIST_MAX; i++)
        request.arguments[request.argument_count++] = wire_text(argv[i]);
    request.message.header = (struct wire_header){.version = WIRE_VERSION, .name = wire_text(argv[3])};
    request.message.payload.kind = WIRE_PAYLOAD_COMMAND;
    if (!make_albatross(&request, argv[2]) && !make_bivy(&request, argv[2]))
        return 2;
    request.socket = connect_to(argv[1]);
    if (wire_frame_append(&out, &request.message, &err) < 0) {
        error_print(&err, "daemon_client");
        return 2;
    }
    fd_write_all(request.socket, out.data, out.size);
    buffer_free(&out);
    int more;
    while ((more = take_message(&request)) == 1)
        continue;
    return more == 3 && request.bivy != NULL && request.bivy->kind == WIRE_BIVY_REQUEST_CONSOLE ? 0 : more;
}
