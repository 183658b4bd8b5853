/* server.c: the HTTP front: between libmicrohttpd and the operations; see server.h. */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "gate.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "stream.h"
#include "tls.h"

#define SERVER_HEAD_MAX  16384 /* bytes of a request's head, MHD's own bookkeeping included */
#define SERVER_DRAIN_MAX 65536 /* bytes of a refused body that are read so that the refusal arrives */
#define SERVER_BODY_MS   60000 /* for a whole JSON body */
#define SERVER_STACK     (1 << 20)
#define SERVER_BLOCK     16384 /* bytes of a stream that are sent at once */

/* One request on its way. */
struct exchange {
    struct request request;
    struct response response;
    struct route route;
    struct upload_writer *writer; /* where the body goes, for OPERATION_BYTES */
    int target;                   /* what request_set_target() said */
    int64_t begun_ms;
    bool begun;
};

static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    (void)context;
    (void)connection;
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL)
        return NULL;
    exchange->target = request_set_target(&exchange->request, target);
    exchange->request.socket = -1;
    return exchange;
}

static enum MHD_Result on_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    struct request *request = context;
    request_set_header(request, name, value != NULL ? value : "");
    return MHD_YES;
}

static void read_peer(struct request *request, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info != NULL ? info->client_addr : NULL;
    if (peer != NULL && peer->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, peer, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, request->address, sizeof request->address);
    } else if (peer != NULL && peer->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, peer, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, request->address, sizeof request->address);
    }
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    request->socket = info != NULL ? (int)info->connect_fd : -1;
}

static void add_headers(const struct server *server, const struct response *from, struct MHD_Response *to)
{
    static const char *const always[][2] = {
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
         "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Embedder-Policy", "require-corp"},
        {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
    };
    bool cached = false;
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        MHD_add_response_header(to, always[i][0], always[i][1]);
    if (server->listen.tls)
        MHD_add_response_header(to, "Strict-Transport-Security", "max-age=31536000");
    for (size_t i = 0; i < from->header_count; i++) {
        MHD_add_response_header(to, from->headers[i].name, from->headers[i].value);
        cached |= strcmp(from->headers[i].name, "Cache-Control") == 0;
    }
    if (!cached)
        MHD_add_response_header(to, "Cache-Control", "no-store");
}

static ssize_t on_read(void *context, uint64_t position, char *data, size_t size)
{
    (void)position;
    ssize_t given = stream_read(context, data, size);
    if (given < 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return given > 0 ? given : MHD_CONTENT_READER_END_OF_STREAM;
}

static void on_stream_end(void *context)
{
    stream_close(context);
}

static struct MHD_Response *make_stream(struct response *response)
{
    struct MHD_Response *made = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, SERVER_BLOCK, on_read,
                                                                  response->stream, on_stream_end);
    if (made == NULL)
        return NULL;
    response->stream = NULL; /* MHD closes it now */
    MHD_add_response_header(made, "Content-Type", "text/event-stream; charset=utf-8");
    MHD_add_response_header(made, "X-Accel-Buffering", "no");
    return made;
}

static struct MHD_Response *make_json(const struct response *response)
{
    char *text = json_dumps(response->json, JSON_COMPACT);
    if (text == NULL)
        return NULL;
    struct MHD_Response *made = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (made == NULL)
        free(text);
    else
        MHD_add_response_header(made, "Content-Type", "application/json");
    return made;
}

static struct MHD_Response *make_response(struct response *response)
{
    if (response->stream != NULL)
        return make_stream(response);
    if (response->json != NULL)
        return make_json(response);
    return MHD_create_response_from_buffer(response->size, (void *)(uintptr_t)response->data,
                                           MHD_RESPMEM_PERSISTENT);
}

/* Who has the answer may go on with the same upload at once, so this request lets go of it first. */
static enum MHD_Result answer(struct server *server, struct MHD_Connection *connection,
                              struct exchange *exchange)
{
    upload_close(exchange->writer);
    exchange->writer = NULL;
    unsigned status = exchange->response.status;
    struct MHD_Response *made = make_response(&exchange->response);
    if (made == NULL)
        return MHD_NO;
    add_headers(server, &exchange->response, made);
    enum MHD_Result result = MHD_queue_response(connection, status, made);
    MHD_destroy_response(made);
    return result;
}

/* The head is there: whether the body is wanted is decided now. */
static void begin(struct server *server, struct MHD_Connection *connection, struct exchange *exchange,
                  const char *method)
{
    struct request *request = &exchange->request;
    struct response *response = &exchange->response;
    exchange->begun = true;
    exchange->begun_ms = clock_monotonic_ms();
    request_set_method(request, method);
    read_peer(request, connection);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, request);
    if (exchange->target < 0) {
        response_error(response, exchange->target == -EMSGSIZE ? 414 : 400, "",
                       "read request: the target is malformed");
        return;
    }
    if (!gate_admit(server, request, &exchange->route, response))
        return;
    const struct operation *operation = exchange->route.operation;
    if (operation != NULL && operation->open != NULL)
        exchange->writer = operation->open(server, request, response);
}

/* A refused body of modest size is read and dropped, so that the sender gets to see why. */
static bool answers_early(const struct exchange *exchange)
{
    int64_t size = 0;
    const struct request_headers *headers = &exchange->request.headers;
    if (exchange->response.status == 0)
        return false;
    if (headers->transfer_encoding[0] != '\0')
        return false;
    return headers->content_length[0] != '\0' &&
           (request_number(headers->content_length, &size) < 0 || size > SERVER_DRAIN_MAX);
}

static void keep_bytes(struct exchange *exchange, const char *data, size_t size)
{
    struct request *request = &exchange->request;
    struct response *response = &exchange->response;
    const struct operation *operation = exchange->route.operation;
    uint64_t limit = operation != NULL ? operation->body_limit : 0;
    struct error err = {0};
    if (request->body_size > limit)
        response_error(response, 413, "", "read request: the body is larger than %llu bytes",
                       (unsigned long long)limit);
    else if (exchange->writer != NULL)
        upload_write(exchange->writer, data, size, response);
    else if (clock_monotonic_ms() - exchange->begun_ms > SERVER_BODY_MS)
        response_error(response, 408, "", "read request: the body took too long");
    else if (buffer_append(&request->body, data, size) < 0)
        response_failure(response, 500, (error_set(&err, ENOMEM, "read request", NULL, NULL), &err));
}

/* MHD_NO ends the connection: somebody sends on and on after a refusal. */
static enum MHD_Result take_bytes(struct exchange *exchange, const char *data, size_t *size)
{
    exchange->request.body_size += *size;
    if (exchange->response.status == 0)
        keep_bytes(exchange, data, *size);
    *size = 0;
    if (exchange->response.status == 0 || exchange->request.body_size <= SERVER_DRAIN_MAX ||
        exchange->writer != NULL)
        return MHD_YES;
    return MHD_NO;
}

static void handle(struct server *server, struct exchange *exchange)
{
    const struct operation *operation = exchange->route.operation;
    struct request *request = &exchange->request;
    struct response *response = &exchange->response;
    if (response->status != 0)
        return;
    if (operation == NULL)
        asset_answer(&server->assets, request, response);
    else if (exchange->writer != NULL)
        upload_finish(server, exchange->writer, response);
    else if (gate_admit_body(operation, request, response))
        operation->handler(server, request, response);
    if (response->status == 0)
        response_error(response, 500, "", "answer request: no answer was made");
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data, size_t *size,
                                  void **slot)
{
    (void)url;
    (void)version;
    struct server *server = context;
    struct exchange *exchange = *slot;
    if (exchange == NULL)
        return MHD_NO;
    if (!exchange->begun) {
        begin(server, connection, exchange, method);
        return answers_early(exchange) ? answer(server, connection, exchange) : MHD_YES;
    }
    if (*size > 0)
        return take_bytes(exchange, data, size);
    handle(server, exchange);
    return answer(server, connection, exchange);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    struct exchange *exchange = *slot;
    if (exchange == NULL)
        return;
    upload_close(exchange->writer);
    response_free(&exchange->response);
    request_free(&exchange->request);
    free(exchange);
    *slot = NULL;
}

/* The target stays as it was sent: request.c decodes it, after it has been split. */
static size_t on_unescape(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static void on_log(void *context, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static void on_log(void *context, const char *format, va_list args)
{
    (void)context;
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    log_debug("http: %s", text);
}

int server_start(struct server *server, struct error *err)
{
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, server->listen.tls ? server->certificate.certificate : NULL},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, server->listen.tls ? server->certificate.key : NULL},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
                     MHD_USE_ITC | MHD_USE_ERROR_LOG | (server->listen.tls ? MHD_USE_TLS : 0u);
    if (!server->listen.tls)
        tls[0].option = MHD_OPTION_END;
    server->http = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, server->listen.fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)SERVER_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)SERVER_CONNECTIONS_PER_ADDRESS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SERVER_TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(SERVER_HEAD_MAX + SERVER_BLOCK),
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)SERVER_STACK, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    if (server->http == NULL)
        return error_set(err, EIO, "serve", server->listen.url, "the HTTP server did not start");
    server->listen.fd = -1; /* MHD's now */
    return 0;
}

void server_stop(struct server *server)
{
    uint64_t one = 1;
    if (server->http == NULL)
        return;
    fd_write_all(server->stop_fd, &one, sizeof one);
    MHD_stop_daemon(server->http);
    server->http = NULL;
}
