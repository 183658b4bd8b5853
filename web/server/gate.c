/* gate.c: what stands between a request and its handler; see gate.h. */
#include "gate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "host/error.h"
#include "server.h"

struct passage {
    struct server *server;
    struct request *request;
    struct response *response;
    struct route *route;
};

typedef void gate_check(struct passage *passage);

static void check_head(struct passage *passage)
{
    const struct request_headers *headers = &passage->request->headers;
    if (headers->duplicate)
        response_error(passage->response, 400, "", "read request: a header that may come once came twice");
    else if (headers->too_long)
        response_error(passage->response, 431, "", "read request: a header is too long");
    else if (headers->content_length[0] != '\0' && headers->transfer_encoding[0] != '\0')
        response_error(passage->response, 400, "", "read request: both Content-Length and Transfer-Encoding");
}

/* The host's name without its port; false if that is not how a Host header looks. */
static bool host_name(const char *host, char *name, size_t room)
{
    size_t size = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    const char *port = host + size;
    if (size > strlen(host) || size == 0 || size >= room)
        return false;
    if (*port != '\0' && (*port != ':' || strspn(port + 1, "0123456789") != strlen(port + 1)))
        return false;
    memcpy(name, host, size);
    name[size] = '\0';
    return true;
}

/*
 * A page of somebody else can give its own name our address and then read what we answer. It cannot choose
 * the Host header. Under TLS the certificate's name already stops it.
 */
static void check_host(struct passage *passage)
{
    static const char *const local[] = {"localhost", "127.0.0.1", "[::1]"};
    char name[256];
    if (!host_name(passage->request->headers.host, name, sizeof name)) {
        response_error(passage->response, 400, "", "read request: Host: missing or malformed");
        return;
    }
    bool known = !passage->server->listen.loopback || strcasecmp(name, passage->server->listen.host) == 0;
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
        known |= strcasecmp(name, local[i]) == 0;
    if (!known)
        response_error(passage->response, 421, "open the console by the address that bivy-web printed",
                       "read request: Host: %.128s: not a name of this server", name);
}

static void find_route(struct passage *passage)
{
    char allowed[64];
    if (!route_is_api(passage->request->path))
        return;
    *passage->route = route_find(operation_table, operation_count, passage->request);
    if (passage->route->operation != NULL)
        return;
    route_allowed(passage->route->allowed, allowed);
    if (passage->route->malformed) {
        response_error(passage->response, 400, "", "read request: the path is malformed");
    } else if (passage->route->allowed == 0) {
        response_error(passage->response, 404, "GET " OPERATION_BASE "/openapi.json lists all there is",
                       "find operation: %.256s: no such path", passage->request->path);
    } else {
        response_error(passage->response, 405, "", "find operation: %.256s: only %s", passage->request->path,
                       allowed);
        response_header(passage->response, "Allow", "%s", allowed);
    }
}

static void check_page_method(struct passage *passage)
{
    if (passage->route->operation != NULL || passage->request->method == REQUEST_GET)
        return;
    response_error(passage->response, 405, "", "find page: only GET, HEAD");
    response_header(passage->response, "Allow", "GET, HEAD");
}

static uint64_t body_limit(const struct passage *passage)
{
    return passage->route->operation != NULL ? passage->route->operation->body_limit : 0;
}

static void check_size(struct passage *passage)
{
    const char *text = passage->request->headers.content_length;
    int64_t size = 0;
    if (text[0] == '\0')
        return;
    if (request_number(text, &size) < 0 || (uint64_t)size > body_limit(passage))
        response_error(passage->response, 413, "", "read request: the body is larger than %llu bytes",
                       (unsigned long long)body_limit(passage));
}

/* A browser says where a request comes from; what is no browser says nothing and carries no cookie by
 * accident. */
static void check_origin(struct passage *passage)
{
    const struct request_headers *headers = &passage->request->headers;
    char own[REQUEST_HEADER_MAX + 16];
    if (passage->request->method == REQUEST_GET)
        return;
    snprintf(own, sizeof own, "%s://%s", passage->server->listen.tls ? "https" : "http", headers->host);
    bool foreign = headers->origin[0] != '\0' && strcasecmp(headers->origin, own) != 0;
    foreign |= headers->fetch_site[0] != '\0' && strcmp(headers->fetch_site, "same-origin") != 0 &&
               strcmp(headers->fetch_site, "none") != 0;
    if (foreign)
        response_error(passage->response, 403, "", "check request: it comes from a page of another site");
}

static bool has_type(const struct request *request, const char *type)
{
    const char *given = request->headers.content_type;
    size_t size = strlen(type);
    return strncasecmp(given, type, size) == 0 &&
           (given[size] == '\0' || given[size] == ';' || given[size] == ' ');
}

static void check_type(struct passage *passage)
{
    static const char *const types[] = {
        [OPERATION_JSON] = "application/json", [OPERATION_BYTES] = "application/octet-stream"};
    const struct operation *operation = passage->route->operation;
    if (operation == NULL || operation->body == OPERATION_NO_BODY)
        return;
    if (!has_type(passage->request, types[operation->body]))
        response_error(passage->response, 415, "", "read request: Content-Type: must be %s",
                       types[operation->body]);
}

static void check_session(struct passage *passage)
{
    char token[SESSION_TEXT_SIZE];
    struct error err = {0};
    const struct operation *operation = passage->route->operation;
    if (operation == NULL || operation->auth == OPERATION_PUBLIC)
        return;
    int result = request_cookie(passage->request, SESSION_COOKIE, token, sizeof token);
    if (result == 0)
        result =
            session_find(&passage->server->database, token, clock_now_ms(), &passage->request->session, &err);
    if (result == -ENOENT)
        response_error(passage->response, 401, "sign in", "check session: not signed in");
    else if (result < 0)
        response_failure(passage->response, 500, &err);
}

static void check_csrf(struct passage *passage)
{
    const struct operation *operation = passage->route->operation;
    const struct request *request = passage->request;
    if (operation == NULL || !operation->csrf)
        return;
    const char *given = request->headers.csrf;
    if (strlen(given) != strlen(request->session.csrf) ||
        !token_equal(given, request->session.csrf, strlen(given)))
        response_error(passage->response, 403,
                       "send the csrf of GET " OPERATION_BASE "/session as X-Bivy-CSRF",
                       "check request: X-Bivy-CSRF: missing or wrong");
}

static gate_check *const gate_checks[] = {
    check_head,   check_host, find_route,    check_page_method, check_size,
    check_origin, check_type, check_session, check_csrf,
};

bool gate_admit(struct server *server, struct request *request, struct route *route,
                struct response *response)
{
    struct passage passage = {server, request, response, route};
    for (size_t i = 0; i < sizeof gate_checks / sizeof gate_checks[0]; i++) {
        gate_checks[i](&passage);
        if (response->status != 0)
            return false;
    }
    return true;
}

bool gate_admit_body(const struct operation *operation, struct request *request, struct response *response)
{
    struct error err = {0};
    if (operation->body != OPERATION_JSON)
        return true;
    if (request_parse_json(request, &err) < 0)
        response_failure(response, 400, &err);
    else if (schema_check(operation->request, request->json, &err) < 0)
        response_failure(response, 422, &err);
    return response->status == 0;
}
