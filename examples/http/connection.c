/*
 * connection.c: HTTP over lwIP's raw TCP.
 *
 * A connection is a small structure and whatever of its requests has not been answered. Requests are read
 * where they arrived; one that came in pieces is put together in the one buffer that all share, each time
 * more of it comes. What a peer sends ahead (pipelining) stays in TCP's window, at most 60 KiB, until its
 * turn. Bodies are sent from the image, without a copy. A connection that is idle, that sends its request
 * by drops or does not take its answer is ended.
 */
#include "connection.h"

#include "response.h"

#include <lwip/tcp.h>
#include <stdio.h>
#include <stdlib.h>

#define POLL_INTERVAL   4    /* half seconds */
#define IDLE_POLLS      5    /* 10 s without a byte either way */
#define REQUEST_POLLS   15   /* 30 s for one request's head */
#define PIECES_MAX      4    /* buffers that an incomplete request may be spread over */
#define CONNECTIONS_MAX 4096 /* each costs about 400 bytes here and in lwIP while it is idle */

/* A chain of buffers counts its bytes in 16 bits, and all that the window allows may be in one. */
_Static_assert(TCP_WND <= UINT16_MAX, "a connection's input must fit one chain");

struct connection {
    struct tcp_pcb *pcb;
    struct pbuf *input;  /* what has come and was not yet answered */
    const uint8_t *body; /* what remains to be sent of the answer */
    size_t body_size;
    bool last;             /* nothing is answered after this answer */
    bool ended;            /* the peer will send nothing more */
    bool draining;         /* our side is closed; what still comes is thrown away */
    uint8_t idle_polls;    /* since the last byte */
    uint8_t request_polls; /* since the request began that is still incomplete */
};

static unsigned connections;
static bool log_answers;

static size_t input_left(const struct connection *connection)
{
    return connection->input ? connection->input->tot_len : 0;
}

static void connection_free(struct connection *connection)
{
    if (connection->input)
        pbuf_free(connection->input);
    free(connection);
    connections--;
}

static void connection_detach(struct connection *connection)
{
    tcp_arg(connection->pcb, NULL);
    tcp_recv(connection->pcb, NULL);
    tcp_sent(connection->pcb, NULL);
    tcp_poll(connection->pcb, NULL, 0);
    tcp_err(connection->pcb, NULL);
}

/* Ends it at once; ERR_ABRT is what lwIP's callbacks must then return. */
static err_t connection_abort(struct connection *connection)
{
    struct tcp_pcb *pcb = connection->pcb;

    connection_detach(connection);
    connection_free(connection);
    tcp_abort(pcb);
    return ERR_ABRT;
}

/* Takes SIZE bytes off the input, and lets the peer send as many more. What was taken leaves the chain at
 * once: its length, in 16 bits, must count what the window counts. */
static void input_consume(struct connection *connection, size_t size)
{
    size_t left = size;

    while (connection->input && left >= connection->input->len) {
        struct pbuf *first = connection->input;
        left -= first->len;
        connection->input = first->next;
        if (first->next)
            pbuf_ref(first->next);
        pbuf_free(first);
    }
    if (left > 0)
        pbuf_remove_header(connection->input, left);
    tcp_recved(connection->pcb, (u16_t)size);
}

/* Closes our side. What the peer still sends is read and dropped for a while: a reset could overtake the
 * answer and take it away from the peer (RFC 9112, section 9.6). */
static err_t connection_close(struct connection *connection)
{
    struct tcp_pcb *pcb = connection->pcb;
    bool clean = connection->ended || (!connection->last && input_left(connection) == 0);

    if (input_left(connection) > 0)
        input_consume(connection, input_left(connection));
    if (!clean) {
        connection->draining = true;
        connection->idle_polls = 0;
        return tcp_shutdown(pcb, 0, 1) == ERR_OK ? ERR_OK : connection_abort(connection);
    }
    connection_detach(connection);
    connection_free(connection);
    if (tcp_close(pcb) == ERR_OK)
        return ERR_OK;
    tcp_abort(pcb);
    return ERR_ABRT;
}

/* Queues as much of the answer's body as there is room for; true: all of it. */
static bool body_send(struct connection *connection)
{
    while (connection->body_size > 0) {
        size_t room = tcp_sndbuf(connection->pcb);
        size_t size = connection->body_size < room ? connection->body_size : room;
        if (size > UINT16_MAX)
            size = UINT16_MAX;
        if (size == 0 || tcp_write(connection->pcb, connection->body, (u16_t)size,
                                   size < connection->body_size ? TCP_WRITE_FLAG_MORE : 0) != ERR_OK)
            return false;
        connection->body += size;
        connection->body_size -= size;
    }
    return true;
}

/* The request's head in one piece: where it arrived, or put together. */
static const char *input_contiguous(const struct connection *connection, size_t *size)
{
    static char together[REQUEST_HEAD_MAX];
    struct pbuf *input = connection->input;

    if (!input->next) {
        *size = input->len;
        return input->payload;
    }
    *size = pbuf_copy_partial(input, together, sizeof together, 0);
    return together;
}

static void answer_log(const struct connection *connection, const struct request *request,
                       const struct response *response)
{
    if (!log_answers)
        return;
    printf("%s %.*s %.*s %d %zu\n", ipaddr_ntoa(&connection->pcb->remote_ip), (int)request->method_text.size,
           request->method_text.size ? request->method_text.data : "", (int)request->target.size,
           request->target.size ? request->target.data : "", response->status, response->body_size);
}

/* Reads one request and queues its answer; false: it is not complete yet. */
static bool request_answer(struct connection *connection)
{
    struct request request;
    struct response response;
    size_t size;
    const char *head = input_contiguous(connection, &size);
    int used = request_parse(&request, head, size);

    if (used == 0)
        return false;
    if (used > 0)
        response_make(&response, &request);
    else
        response_refuse(&response, -used);
    answer_log(connection, &request, &response);
    /* There is room: connection_step() asked first. A refusal can only be memory; then the peer must see
     * that the connection ended. */
    if (tcp_write(connection->pcb, response.head, (u16_t)response.head_size,
                  TCP_WRITE_FLAG_COPY | (response.body_size > 0 ? TCP_WRITE_FLAG_MORE : 0)) != ERR_OK)
        response.keep_alive = false, response.body_size = 0;
    connection->body = response.body;
    connection->body_size = response.body_size;
    connection->last = !response.keep_alive;
    connection->request_polls = 0;
    input_consume(connection, used > 0 ? (size_t)used : input_left(connection));
    return true;
}

/* Does all that can be done now: answers as many requests as there is room for. */
static err_t connection_step(struct connection *connection)
{
    if (connection->draining)
        return ERR_OK;
    for (;;) {
        if (!body_send(connection))
            break;
        if (connection->last)
            return connection_close(connection);
        if (tcp_sndbuf(connection->pcb) < RESPONSE_HEAD_MAX ||
            tcp_sndqueuelen(connection->pcb) > TCP_SND_QUEUELEN / 2)
            break;
        if (input_left(connection) == 0 || !request_answer(connection)) {
            if (connection->ended)
                return connection_close(connection);
            break;
        }
    }
    return ERR_OK;
}

static err_t on_receive(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct connection *connection = argument;

    (void)error;
    connection->idle_polls = 0;
    if (!data) {
        connection->ended = true;
        return connection->draining ? connection_close(connection) : connection_step(connection);
    }
    if (connection->draining) {
        tcp_recved(pcb, data->tot_len);
        pbuf_free(data);
        return ERR_OK;
    }
    if (connection->input)
        pbuf_cat(connection->input, data);
    else
        connection->input = data;
    /* A request by drops would hold a whole frame's buffer for each drop. */
    if (pbuf_clen(connection->input) > PIECES_MAX)
        connection->input = pbuf_coalesce(connection->input, PBUF_RAW);
    return connection_step(connection);
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t size)
{
    struct connection *connection = argument;

    (void)pcb, (void)size;
    connection->idle_polls = 0;
    return connection_step(connection);
}

static err_t on_poll(void *argument, struct tcp_pcb *pcb)
{
    struct connection *connection = argument;

    (void)pcb;
    if (connection->draining || connection->body_size > 0) {
        if (++connection->idle_polls > IDLE_POLLS)
            return connection_abort(connection);
        return connection_step(connection);
    }
    if (input_left(connection) > 0)
        connection->request_polls++;
    if (++connection->idle_polls > IDLE_POLLS || connection->request_polls > REQUEST_POLLS) {
        connection->last = input_left(connection) > 0;
        return connection_close(connection);
    }
    return ERR_OK;
}

/* lwIP has freed the control block already. */
static void on_error(void *argument, err_t error)
{
    (void)error;
    connection_free(argument);
}

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
    struct connection *connection;

    (void)argument;
    if (error != ERR_OK || !pcb)
        return ERR_VAL;
    connection = connections < CONNECTIONS_MAX ? calloc(1, sizeof *connection) : NULL;
    if (!connection) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    connections++;
    connection->pcb = pcb;
    tcp_arg(pcb, connection);
    tcp_recv(pcb, on_receive);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_poll(pcb, on_poll, POLL_INTERVAL);
    tcp_nagle_disable(pcb);
    return ERR_OK;
}

bool connection_listen(uint16_t port, bool log)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY), *listener;

    log_answers = log;
    if (!pcb || tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK)
        return false;
    listener = tcp_listen(pcb);
    if (!listener)
        return false;
    tcp_accept(listener, on_accept);
    return true;
}
