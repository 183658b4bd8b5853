/* query.c: what exists, told; see query.h. */
#define _GNU_SOURCE
#include "query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connection.h"
#include "console.h"
#include "convert.h"
#include "daemon.h"
#include "facts.h"
#include "host/error.h"
#include "host/fd.h"
#include "image.h"
#include "policies.h"
#include "scope.h"
#include "store.h"
#include "unikernel.h"

#define QUERY_VERSION "0.1.0"

struct query {
    struct connection *connection;
    const struct daemon *daemon;
    const char *name;
    struct wire_arena arena;
};

static struct query query_begin(struct connection *connection)
{
    return (struct query){.connection = connection,
                          .daemon = connection_daemon(connection),
                          .name = connection_query(connection)};
}

static void query_fail(struct query *query, int code)
{
    struct error err = {0};
    error_set(&err, code, "answer", query->name, NULL);
    connection_fail(query->connection, &err);
    wire_arena_free(&query->arena);
}

static void query_reply(struct query *query, const struct wire_success *success)
{
    connection_reply(query->connection, success);
    wire_arena_free(&query->arena);
}

static void query_reply_bivy(struct query *query, const struct wire_bivy_reply *reply)
{
    connection_reply_bivy(query->connection, reply);
    wire_arena_free(&query->arena);
}

/* NAME as this answer says it, in the arena; empty if memory is out. */
static struct wire_bytes relative(struct query *query, const char *name)
{
    char text[SCOPE_NAME_SIZE];
    scope_relative(query->name, name, text);
    char *copy = wire_arena_take(&query->arena, strlen(text) + 1, NULL);
    if (copy == NULL)
        return wire_text("");
    memcpy(copy, text, strlen(text) + 1);
    return wire_text(copy);
}

/* The unikernels that the query means; *COUNT of them, or NULL. */
static const struct unikernel **matching(struct query *query, size_t *count)
{
    const struct unikernel **found =
        wire_arena_take(&query->arena, (query->daemon->unikernel_count + 1) * sizeof(*found), NULL);
    *count = 0;
    for (size_t i = 0; found != NULL && i < query->daemon->unikernel_count; i++)
        if (scope_matches(query->name, query->daemon->unikernels[i]->name))
            found[(*count)++] = query->daemon->unikernels[i];
    return found;
}

static int net_infos(struct query *query, const struct unikernel *unikernel, size_t *count,
                     struct wire_net_info **items)
{
    const struct wire_deploy *deploy = unikernel->deploy;
    *count = deploy->networks.count;
    *items = wire_arena_take(&query->arena, *count * sizeof **items, NULL);
    for (size_t i = 0; *items != NULL && i < *count; i++) {
        uint8_t *mac = wire_arena_take(&query->arena, 6, NULL);
        if (mac == NULL)
            return -ENOMEM;
        unikernel_mac(unikernel->name, &deploy->networks.items[i], mac);
        (*items)[i] = (struct wire_net_info){.unikernel_device = deploy->networks.items[i].device,
                                             .host_device = convert_bridge(deploy->networks.items[i].network),
                                             .mac = {mac, 6}};
    }
    return *items == NULL ? -ENOMEM : 0;
}

static int64_t started_ms(const struct unikernel *unikernel)
{
    return unikernel->started_ms != 0 ? unikernel->started_ms : unikernel->created_ms;
}

static int64_t one_cpu(const struct wire_deploy *deploy)
{
    return deploy->cpuids.count > 0 ? deploy->cpuids.items[0] : 0;
}

/* What all versions of Info have; `started` is always sent, empty lists never (section 14.1). */
#define FILL_INFO(query, info, unikernel)                                                                    \
    ({                                                                                                       \
        const struct wire_deploy *deploy_ = (unikernel)->deploy;                                             \
        (info)->typ.kind = WIRE_TYP_SOLO5;                                                                   \
        (info)->fail_behaviour = convert_fail_behaviour(&deploy_->restart);                                  \
        (info)->memory = deploy_->memory;                                                                    \
        (info)->digest = (struct wire_bytes){(unikernel)->digest, sizeof(unikernel)->digest};                \
        (info)->has_bridges = deploy_->networks.count > 0;                                                   \
        (info)->has_arguments = deploy_->arguments.count > 0;                                                \
        (info)->arguments.count = deploy_->arguments.count;                                                  \
        (info)->arguments.items = deploy_->arguments.items;                                                  \
        (info)->has_started = true;                                                                          \
        (info)->started = started_ms(unikernel);                                                             \
        net_infos(query, unikernel, &(info)->bridges.count, &(info)->bridges.items);                         \
    })

void query_info(struct connection *connection)
{
    struct query query = query_begin(connection);
    struct wire_success success = {.kind = WIRE_SUCCESS_INFO};
    size_t count;
    const struct unikernel **found = matching(&query, &count);
    struct wire_info_entry *items = wire_arena_take(&query.arena, count * sizeof *items, NULL);
    int result = found == NULL || items == NULL ? -ENOMEM : 0;
    for (size_t i = 0; result == 0 && i < count; i++) {
        struct wire_info *info = &items[i].info;
        items[i].name = relative(&query, found[i]->name);
        result = FILL_INFO(&query, info, found[i]);
        info->has_startup = found[i]->deploy->has_startup;
        info->startup = found[i]->deploy->startup;
        info->cpuids.count = found[i]->deploy->cpuids.count;
        info->cpuids.items = found[i]->deploy->cpuids.items;
        info->has_cpus = true;
        info->cpus = 1;
    }
    success.u.info.count = count;
    success.u.info.items = items;
    if (result < 0)
        query_fail(&query, ENOMEM);
    else
        query_reply(&query, &success);
}

void query_info_v5(struct connection *connection)
{
    struct query query = query_begin(connection);
    struct wire_success success = {.kind = WIRE_SUCCESS_INFO_V5};
    size_t count;
    const struct unikernel **found = matching(&query, &count);
    struct wire_info_v5_entry *items = wire_arena_take(&query.arena, count * sizeof *items, NULL);
    int result = found == NULL || items == NULL ? -ENOMEM : 0;
    for (size_t i = 0; result == 0 && i < count; i++) {
        struct wire_info_v5 *info = &items[i].info;
        items[i].name = relative(&query, found[i]->name);
        result = FILL_INFO(&query, info, found[i]);
        info->has_startup = found[i]->deploy->has_startup;
        info->startup = found[i]->deploy->startup;
        info->cpuid = one_cpu(found[i]->deploy);
    }
    success.u.info_v5.count = count;
    success.u.info_v5.items = items;
    if (result < 0)
        query_fail(&query, ENOMEM);
    else
        query_reply(&query, &success);
}

void query_info_v4(struct connection *connection)
{
    struct query query = query_begin(connection);
    struct wire_success success = {.kind = WIRE_SUCCESS_INFO_V4};
    size_t count;
    const struct unikernel **found = matching(&query, &count);
    struct wire_info_v4_entry *items = wire_arena_take(&query.arena, count * sizeof *items, NULL);
    int result = found == NULL || items == NULL ? -ENOMEM : 0;
    for (size_t i = 0; result == 0 && i < count; i++) {
        struct wire_info_v4 *info = &items[i].info;
        items[i].name = relative(&query, found[i]->name);
        result = FILL_INFO(&query, info, found[i]);
        info->cpuid = one_cpu(found[i]->deploy);
    }
    success.u.info_v4.count = count;
    success.u.info_v4.items = items;
    if (result < 0)
        query_fail(&query, ENOMEM);
    else
        query_reply(&query, &success);
}

void query_policy_path(const char *name, char path[static SCOPE_NAME_SIZE + 1])
{
    const char *from = name[0] == ':' && name[1] != '\0' ? name + 1 : name;
    size_t size = strlen(from);
    memcpy(path, from, size + 1);
    if (size == 0 || path[size - 1] != ':')
        memcpy(path + size, ":", 2);
}

void query_policies(struct connection *connection)
{
    struct query query = query_begin(connection);
    struct wire_success success = {.kind = WIRE_SUCCESS_POLICIES};
    char path[SCOPE_NAME_SIZE + 1];
    size_t count = 0;
    query_policy_path(query.name, path);
    query.name = path;
    for (const struct policy_entry *entry = query.daemon->policies; entry != NULL; entry = entry->next)
        count++;
    struct wire_policy_entry *items = wire_arena_take(&query.arena, count * sizeof *items, NULL);
    if (items == NULL) {
        query_fail(&query, ENOMEM);
        return;
    }
    count = 0;
    for (const struct policy_entry *entry = query.daemon->policies; entry != NULL; entry = entry->next) {
        if (!scope_contains(path, entry->path))
            continue;
        items[count].name = relative(&query, entry->path);
        items[count++].policy = *(const struct wire_policy *)entry->owned->value;
    }
    success.u.policies.count = count;
    success.u.policies.items = items;
    query_reply(&query, &success);
}

struct inactive {
    struct query *query;
    struct wire_bytes items[CONSOLE_INACTIVE_MAX];
    size_t count;
};

static int add_inactive(void *context, const char *name)
{
    struct inactive *inactive = context;
    const struct unikernel *unikernel = unikernel_find(inactive->query->daemon, name);
    if (unikernel != NULL && unikernel->pid != 0)
        return 0;
    if (inactive->count < CONSOLE_INACTIVE_MAX)
        inactive->items[inactive->count++] = relative(inactive->query, name);
    return 0;
}

void query_consoles(struct connection *connection)
{
    struct query query = query_begin(connection);
    struct inactive inactive = {.query = &query};
    struct wire_success success = {.kind = WIRE_SUCCESS_CONSOLES};
    if (!scope_is_path(query.name)) {
        query_fail(&query, EINVAL);
        return;
    }
    console_each(query.daemon, query.name, add_inactive, &inactive);
    success.u.consoles.count = inactive.count;
    success.u.consoles.items = inactive.items;
    query_reply(&query, &success);
}

void query_image_of(struct connection *connection, int64_t level)
{
    struct query query = query_begin(connection);
    struct error err = {0};
    struct stat status;
    struct unikernel *unikernel = unikernel_find(query.daemon, query.name);
    if (unikernel == NULL || level < 0 || level > 9) {
        error_set(&err, unikernel == NULL ? ENOENT : EINVAL, "unikernel", query.name,
                  unikernel == NULL ? "not found" : "the compression level is not 0 to 9");
        connection_fail(connection, &err);
        return;
    }
    cleanup_fd int fd = image_open(query.daemon->image_dir, unikernel->digest, &err);
    void *map = fd < 0 || fstat(fd, &status) < 0
                    ? MAP_FAILED
                    : mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        error_set(&err, EIO, "read image", query.name, NULL);
        connection_fail(connection, &err);
        return;
    }
    struct wire_success success = {.kind = WIRE_SUCCESS_UNIKERNEL_IMAGE,
                                   .u.unikernel_image.image = {map, (size_t)status.st_size}};
    connection_reply(connection, &success);
    munmap(map, (size_t)status.st_size);
}

void query_list(struct connection *connection)
{
    struct query query = query_begin(connection);
    struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_UNIKERNELS};
    size_t count;
    const struct unikernel **found = matching(&query, &count);
    struct wire_unikernel *items = wire_arena_take(&query.arena, count * sizeof *items, NULL);
    int result = found == NULL || items == NULL ? -ENOMEM : 0;
    for (size_t i = 0; result == 0 && i < count; i++) {
        result = unikernel_describe(found[i], &query.arena, &items[i]);
        items[i].name = relative(&query, found[i]->name);
    }
    reply.u.unikernels.count = count;
    reply.u.unikernels.items = items;
    if (result < 0)
        query_fail(&query, ENOMEM);
    else
        query_reply_bivy(&query, &reply);
}

/* The rows of images stay decoded until the answer is sent. */
struct images {
    size_t count, capacity;
    struct owned **items;
};

static int collect_image(void *context, const struct store_image *row)
{
    struct images *images = context;
    if (images->count == images->capacity) {
        size_t capacity = images->capacity > 0 ? images->capacity * 2 : 32;
        struct owned **items = realloc(images->items, capacity * sizeof(struct owned *));
        if (items == NULL)
            return -ENOMEM;
        images->items = items;
        images->capacity = capacity;
    }
    struct owned *owned =
        owned_decode(&wire_type_image_info, row->info, row->info_size, sizeof(struct wire_image_info), NULL);
    if (owned != NULL)
        images->items[images->count++] = owned;
    return 0;
}

void query_images(struct connection *connection)
{
    struct query query = query_begin(connection);
    struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_IMAGES};
    struct images images = {0};
    int result = store_images(query.daemon->store, collect_image, &images, NULL);
    struct wire_image_info *items = wire_arena_take(&query.arena, images.count * sizeof *items, NULL);
    if (items == NULL)
        result = -ENOMEM;
    for (size_t i = 0; result == 0 && i < images.count; i++) {
        items[i] = *(struct wire_image_info *)images.items[i]->value;
        result = facts_users(query.daemon, query.name, items[i].digest, &query.arena, &items[i]);
    }
    reply.u.images.count = images.count;
    reply.u.images.items = items;
    if (result < 0)
        query_fail(&query, -result);
    else
        query_reply_bivy(&query, &reply);
    for (size_t i = 0; i < images.count; i++)
        owned_free(images.items[i]);
    free(images.items);
}

void query_image(struct connection *connection, struct wire_bytes digest)
{
    struct query query = query_begin(connection);
    struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_IMAGE};
    struct error err = {0};
    int64_t targets;
    struct owned *owned = facts_find(connection_daemon(connection), digest, &targets, &err);
    if (owned == NULL) {
        connection_fail(connection, &err);
        return;
    }
    reply.u.image = *(struct wire_image_info *)owned->value;
    if (facts_users(query.daemon, query.name, digest, &query.arena, &reply.u.image) < 0)
        query_fail(&query, ENOMEM);
    else
        query_reply_bivy(&query, &reply);
    owned_free(owned);
}

/* The tightest of what the policies above a path leave. */
static void budget(const struct policy_view *view, const char *path, struct wire_host *host)
{
    struct policy_demand used = policy_usage(view, path);
    host->memory = INT64_MAX;
    host->unikernels = POLICY_UNLIMITED;
    for (size_t i = 0; i < view->policy_count; i++) {
        if (!scope_contains(view->policies[i].path, path))
            continue;
        const struct wire_policy *limits = view->policies[i].limits;
        host->memory = limits->memory < host->memory ? limits->memory : host->memory;
        host->unikernels = limits->unikernels < host->unikernels ? limits->unikernels : host->unikernels;
    }
    host->memory_used = used.memory;
    host->unikernels_used = used.unikernels;
}

static int host_members(struct query *query, const struct policy_view *view, const char *path,
                        struct wire_host *host)
{
    const struct wire_policy *root = policies_find(query->daemon, ":");
    host->cpus = (int64_t)root->cpuids.count;
    host->cpuids.items = wire_arena_take(&query->arena, root->cpuids.count * sizeof(int64_t), NULL);
    host->networks.items =
        wire_arena_take(&query->arena, root->bridges.count * sizeof(struct wire_bytes), NULL);
    if (host->cpuids.items == NULL || host->networks.items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < root->cpuids.count; i++)
        if (policy_allows_cpu(view, path, root->cpuids.items[i]))
            host->cpuids.items[host->cpuids.count++] = root->cpuids.items[i];
    for (size_t i = 0; i < root->bridges.count; i++)
        if (wire_text_is(root->bridges.items[i], POLICY_NETWORK) &&
            policy_allows_network(view, path, root->bridges.items[i]))
            host->networks.items[host->networks.count++] = root->bridges.items[i];
    return 0;
}

void query_host(struct connection *connection)
{
    struct query query = query_begin(connection);
    struct wire_bivy_reply reply = {.kind = WIRE_BIVY_REPLY_HOST};
    struct policy_view view;
    char path[SCOPE_NAME_SIZE];
    if (scope_is_path(query.name))
        memcpy(path, query.name, strlen(query.name) + 1);
    else
        scope_parent(query.name, path);
    if (policies_view(query.daemon, &view) < 0) {
        query_fail(&query, ENOMEM);
        return;
    }
    struct wire_host *host = &reply.u.host;
    host->version = wire_text(QUERY_VERSION);
    host->rootless = !query.daemon->root;
    host->vm = access("/dev/kvm", R_OK | W_OK) == 0;
    budget(&view, path, host);
    int result = host_members(&query, &view, path, host);
    policies_view_free(&view);
    if (result < 0)
        query_fail(&query, ENOMEM);
    else
        query_reply_bivy(&query, &reply);
}
