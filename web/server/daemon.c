/* daemon.c: bivyd, as the handlers see it; see daemon.h. */
#include "daemon.h"

#include <errno.h>
#include <string.h>

#include "response.h"
#include "server.h"

bool daemon_begin(struct daemon *daemon, struct server *server, struct response *response)
{
    memset(daemon, 0, sizeof *daemon);
    daemon->client = client_open(server->run_directory, &daemon->err);
    if (daemon->client == NULL)
        return daemon_check(daemon, -daemon->err.code, response);
    client_set_timeout(daemon->client, DAEMON_TIMEOUT_MS);
    return true;
}

void daemon_end(struct daemon *daemon)
{
    client_close(daemon->client);
    daemon->client = NULL;
    wire_arena_free(&daemon->arena);
}

bool daemon_check(struct daemon *daemon, int result, struct response *response)
{
    if (result >= 0)
        return true;
    response_failure(response, daemon_status(result, daemon->err.text), &daemon->err);
    return false;
}

/*
 * The protocol's failures are sentences, not numbers. A sentence that none of these knows still arrives
 * whole; it only has the most general status of a refusal. All have a space, which no name has: a name cannot
 * choose its status.
 */
static unsigned refusal_status(const char *text)
{
    static const struct {
        const char *part;
        unsigned status;
    } known[] = {
        {": not found", 404},
        {"has no image of", 404},
        {"exists already", 409},
        {" uses it", 409},
        {"port in use", 409},
        {"belongs to another unikernel", 409},
        {"another operation on it", 409},
        {"it is not running", 409},
        {"it is running", 409},
        {"it runs already", 409},
        {" in use, ", 507},
        {"are in use there already", 507},
        {"no address is free", 507},
        {"No space left on device", 507},
        {"Disk quota exceeded", 507},
        {"Cannot allocate memory", 507},
        {"the daemon is ending", 503},
        {"bivy-net does not answer", 503},
        {"unknown Bivy version", 502},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strstr(text, known[i].part) != NULL)
            return known[i].status;
    return 422;
}

unsigned daemon_status(int result, const char *text)
{
    switch (-result) {
    case EREMOTEIO:
        return refusal_status(text);
    case ENOENT:
        return 404;
    case EINVAL:
        return 422;
    case ECONNREFUSED:
    case EACCES:
        return 503;
    case ETIMEDOUT:
        return 504;
    case ENOMEM:
    case EIO:
        return 500;
    default:
        return 502;
    }
}
