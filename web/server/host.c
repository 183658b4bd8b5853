/* host.c: the operation that shows what the host offers; see host.h. */
#include "host.h"

#include "daemon.h"
#include "text.h"

static json_t *host_json(const struct wire_host *host)
{
    json_t *cpus = json_array();
    json_t *networks = json_array();
    for (size_t i = 0; i < host->cpuids.count; i++)
        json_array_append_new(cpus, json_integer(host->cpuids.items[i]));
    for (size_t i = 0; i < host->networks.count; i++)
        json_array_append_new(networks,
                              text_json(host->networks.items[i].data, host->networks.items[i].size));
    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:b, s:b}", "version",
                     text_json(host->version.data, host->version.size), "cpus", (json_int_t)host->cpus,
                     "memory_mib", (json_int_t)host->memory, "memory_used_mib", (json_int_t)host->memory_used,
                     "unikernels", (json_int_t)host->unikernels, "unikernels_used",
                     (json_int_t)host->unikernels_used, "cpuids", cpus, "networks", networks, "rootless",
                     host->rootless, "vm", host->vm);
}

void host_get(struct server *server, struct request *request, struct response *response)
{
    (void)request;
    cleanup_daemon struct daemon daemon;
    struct wire_host host;
    if (daemon_begin(&daemon, server, response) &&
        daemon_check(&daemon, client_host(daemon.client, DAEMON_ROOT, &daemon.arena, &host, &daemon.err),
                     response))
        response_json(response, 200, host_json(&host));
}
