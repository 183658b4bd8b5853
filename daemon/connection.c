/* connection.c: one peer; see connection.h. */
#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "console.h"
#include "daemon.h"
#include "host/buffer.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/log.h"
#include "host/loop.h"
#include "inbox.h"
#include "scope.h"
#include "wire/der.h"
#include "wire/frame.h"
#include "wire/name.h"

#define OUT_LIMIT  ((size_t)300 << 20) /* of an image that is asked for */
#define OUT_STREAM ((size_t)1 << 20)   /* of a stream whose reader is slow */
#define PARTIAL_NS UINT64_C(200000000) /* that a line without an end is waited for */

enum mode {
    MODE_COMMAND, /* a command is due */
    MODE_UPLOAD,  /* chunks are due */
    MODE_WAIT,    /* we owe a reply */
    MODE_EVENTS,  /* a stream */
    MODE_CONSOLE, /* a stream */
    MODE_CLOSING  /* what is in the buffer is still to be sent */
};

struct connection {
    struct connection *next;
    struct daemon *daemon;
    struct loop_source *source;
    struct loop_timer *timer;
    int fd;
    enum mode mode;
    bool console_socket, keep, broken;
    bool bivy, follow; /* of a console */
    uint64_t heard_ns; /* when a byte came or went last */
    struct inbox inbox;
    struct buffer out;
    size_t sent;
    int64_t sequence;
    char query[SCOPE_NAME_SIZE];
    struct console_reader *reader;
    struct loop_timer *partial; /* a line without an end waits for it */
    int (*chunk)(void *, const uint8_t *, size_t);
    void (*closed)(void *);
    void *context;
};

struct daemon *connection_daemon(const struct connection *connection)
{
    return connection->daemon;
}

void connection_author(const struct connection *connection, char author[static 32])
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    author[0] = '\0';
    if (getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
        snprintf(author, 32, "uid %u", (unsigned)peer.uid);
}

const char *connection_query(const struct connection *connection)
{
    return connection->query;
}

bool connection_on_console_socket(const struct connection *connection)
{
    return connection->console_socket;
}

void connection_keep(struct connection *connection)
{
    connection->keep = true;
}

void connection_close(struct connection *connection)
{
    struct connection **slot = &connection->daemon->connections;
    while (*slot != connection)
        slot = &(*slot)->next;
    *slot = connection->next;
    connection->daemon->connection_count--;
    if (connection->chunk != NULL)
        connection->chunk(connection->context, NULL, 1);
    else if (connection->closed != NULL)
        connection->closed(connection->context);
    loop_remove(&connection->source);
    loop_cancel(&connection->timer);
    loop_cancel(&connection->partial);
    fd_close(&connection->fd);
    inbox_clear(&connection->inbox);
    buffer_free(&connection->out);
    console_reader_close(connection->reader);
    free(connection);
}

void connection_close_all(struct daemon *daemon)
{
    while (daemon->connections != NULL)
        connection_close(daemon->connections);
}

/* What the connection waits for, as epoll knows it. */
static void set_interest(struct connection *connection)
{
    uint32_t events = connection->out.size > connection->sent ? EPOLLOUT : 0;
    if (connection->mode != MODE_WAIT && connection->mode != MODE_CLOSING)
        events |= EPOLLIN;
    /* So that the loop comes by to close it. */
    if (connection->mode == MODE_CLOSING || connection->broken)
        events |= EPOLLOUT;
    loop_change(connection->source, events);
}

static void send_more(struct connection *connection)
{
    while (connection->sent < connection->out.size && !connection->broken) {
        ssize_t n = send(connection->fd, connection->out.data + connection->sent,
                         connection->out.size - connection->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            connection->broken = true;
        if (n <= 0)
            break;
        connection->sent += (size_t)n;
        connection->heard_ns = loop_now();
    }
    if (connection->sent == connection->out.size) {
        connection->out.size = 0;
        connection->sent = 0;
    }
    set_interest(connection);
}

/* Appends a message; one that cannot be encoded breaks the connection, not the daemon. */
static void put(struct connection *connection, const struct wire_wire *message)
{
    struct error err = {0};
    if (connection->broken)
        return;
    if (wire_frame_append(&connection->out, message, &err) < 0) {
        log_failure(&err);
        connection->broken = true;
    }
}

static struct wire_wire answer(const struct connection *connection, enum wire_payload_kind kind)
{
    return (struct wire_wire){.header = {.version = WIRE_VERSION,
                                         .sequence = connection->sequence,
                                         .name = wire_text(connection->query)},
                              .payload.kind = kind};
}

/* The reply is there: on to the next command or to the end. */
static void replied(struct connection *connection)
{
    connection->chunk = NULL;
    connection->closed = NULL;
    connection->mode = connection->keep ? MODE_COMMAND : MODE_CLOSING;
    connection->keep = false;
    send_more(connection);
}

void connection_reply(struct connection *connection, const struct wire_success *success)
{
    struct wire_wire message = answer(connection, WIRE_PAYLOAD_REPLY);
    message.payload.u.reply = *success;
    put(connection, &message);
    replied(connection);
}

void connection_reply_text(struct connection *connection, const char *text)
{
    struct wire_success success = {.kind = WIRE_SUCCESS_STRING, .u.string = wire_text(text)};
    connection_reply(connection, &success);
}

void connection_reply_bivy(struct connection *connection, const struct wire_bivy_reply *reply)
{
    struct wire_success success = {.kind = WIRE_SUCCESS_BIVY,
                                   .u.bivy = {.version = WIRE_BIVY_VERSION, .reply = *reply}};
    connection_reply(connection, &success);
}

void connection_fail(struct connection *connection, const struct error *err)
{
    char text[sizeof err->text + sizeof err->hint + 16];
    struct wire_wire message = answer(connection, WIRE_PAYLOAD_FAILURE);
    if (err->hint[0] != '\0')
        snprintf(text, sizeof text, "%s\nhint: %s", err->text, err->hint);
    else
        snprintf(text, sizeof text, "%s", err->text);
    message.payload.u.failure = wire_text(text);
    connection->keep = false;
    put(connection, &message);
    replied(connection);
}

void connection_data(struct connection *connection, const char *name, const struct wire_data *data)
{
    struct wire_wire message = {.header = {.version = WIRE_VERSION, .name = wire_text(name)},
                                .payload = {.kind = WIRE_PAYLOAD_DATA, .u.data = *data}};
    put(connection, &message);
    /* A reader of events that does not keep up resumes by number, on another connection. */
    if (connection->out.size - connection->sent > OUT_STREAM && connection->mode == MODE_EVENTS)
        connection->broken = true;
    send_more(connection);
}

void connection_upload(struct connection *connection, int (*chunk)(void *, const uint8_t *, size_t),
                       void *context)
{
    connection->mode = MODE_UPLOAD;
    connection->chunk = chunk;
    connection->closed = NULL;
    connection->context = context;
    send_more(connection);
}

void connection_await(struct connection *connection, void (*closed)(void *), void *context)
{
    connection->mode = MODE_WAIT;
    connection->chunk = NULL;
    connection->closed = closed;
    connection->context = context;
    set_interest(connection);
}

void connection_follow_events(struct connection *connection)
{
    connection->mode = MODE_EVENTS;
    send_more(connection);
}

struct connection *connection_next_subscriber(const struct connection *connection, const char *name)
{
    struct connection *next = connection->next;
    while (next != NULL && (next->mode != MODE_EVENTS || !scope_matches(next->query, name)))
        next = next->next;
    return next;
}

struct connection *connection_first_subscriber(const struct daemon *daemon, const char *name)
{
    struct connection before = {.next = daemon->connections};
    return connection_next_subscriber(&before, name);
}

static void put_line(struct connection *connection, const struct console_line *line)
{
    struct wire_data data = {.kind = WIRE_DATA_CONSOLE,
                             .u.console = {.timestamp = line->time_ms, .line = wire_text(line->text)}};
    if (connection->bivy) {
        data = (struct wire_data){.kind = WIRE_DATA_BIVY, .u.bivy.kind = WIRE_BIVY_DATA_CONSOLE};
        data.u.bivy.u.console = (struct wire_bivy_data_console){
            .id = line->id, .time = line->time_ms, .line = wire_text(line->text)};
    }
    struct wire_wire message = {.header = {.version = WIRE_VERSION, .name = wire_text(connection->query)},
                                .payload = {.kind = WIRE_PAYLOAD_DATA, .u.data = data}};
    put(connection, &message);
}

/* A prompt, or the last words before a long work: they are shown, and the line goes on as another. */
static void show_partial(void *context)
{
    struct connection *connection = context;
    struct console_line line;
    connection->partial = NULL;
    if (console_reader_flush(connection->reader, &line))
        put_line(connection, &line);
    send_more(connection);
}

/* Sends lines until the ring has no more or the peer is slow: the ring is the buffer. */
static void console_pump(struct connection *connection)
{
    struct console_line line;
    bool more = true;
    for (int pass = 0; pass < 2 && more; pass++) {
        while (connection->out.size - connection->sent < OUT_STREAM / 4 &&
               (more = console_reader_next(connection->reader, &line)))
            put_line(connection, &line);
        if (more)
            break;
        /* Ask first, then look once more: so no append is missed. */
        console_reader_ask(connection->reader);
        more = pass == 0;
    }
    if (!more && !connection->follow) {
        if (console_reader_flush(connection->reader, &line))
            put_line(connection, &line);
        connection->mode = MODE_CLOSING;
    } else if (!more && connection->partial == NULL && console_reader_partial(connection->reader)) {
        connection->partial =
            loop_after(connection->daemon->loop, PARTIAL_NS, show_partial, connection, NULL);
    }
    send_more(connection);
}

void connection_follow_console(struct connection *connection, struct console_reader *reader, bool bivy,
                               bool follow)
{
    connection->mode = MODE_CONSOLE;
    connection->reader = reader;
    connection->bivy = bivy;
    connection->follow = follow;
    console_pump(connection);
}

void connection_console_more(struct daemon *daemon, const char *name)
{
    for (struct connection *c = daemon->connections; c != NULL; c = c->next)
        if (c->mode == MODE_CONSOLE && strcmp(c->query, name) == 0)
            console_pump(c);
}

void connection_console_end(struct daemon *daemon, const char *name)
{
    for (struct connection *c = daemon->connections; c != NULL; c = c->next)
        if (c->mode == MODE_CONSOLE && strcmp(c->query, name) == 0) {
            c->follow = false;
            console_pump(c);
        }
}

/* The name in canonical text; a name that is none, or too long, is answered. */
static int take_header(struct connection *connection, const struct wire_header *header, struct error *err)
{
    char text[NAME_TEXT_SIZE];
    struct name name;
    connection->sequence = header->sequence;
    memcpy(connection->query, ":", 2);
    int result = name_parse_bytes(&name, header->name, err);
    if (result < 0)
        return result;
    if (name_print(&name, text) >= SCOPE_NAME_SIZE)
        return error_set(err, ENAMETOOLONG, "name", NULL, "longer than %d bytes", SCOPE_NAME_SIZE - 1);
    memcpy(connection->query, text, strlen(text) + 1);
    return 0;
}

#define DER_SEQUENCE (DER_CONSTRUCTED | 0x10u)

/* Steps into the next item of READER, which must have TAG. */
static bool enter(struct der_reader *reader, uint32_t tag)
{
    struct der_item item;
    if (der_read(reader, &item) != NULL || item.tag != tag)
        return false;
    *reader = (struct der_reader){item.data, item.size};
    return true;
}

/* Whether what could not be decoded is a request of ours that this daemon does not know, in a message whose
 * header it does: a newer client's. That is answered. */
static bool take_unknown(struct connection *connection, struct wire_bytes frame)
{
    struct der_reader reader = {frame.data, frame.size};
    struct der_item item;
    struct wire_header header;
    struct wire_arena arena = {0};
    struct error err = {0};
    if (!enter(&reader, DER_SEQUENCE))
        return false;
    const uint8_t *start = reader.data;
    if (der_read(&reader, &item) != NULL)
        return false;
    int result = wire_decode(&wire_type_header, start, (size_t)(reader.data - start), &arena, &header, &err);
    wire_arena_free(&arena); /* what the header points to is the frame's */
    if (result < 0)
        return false;
    if (!enter(&reader, DER_CONTEXT(0)) || !enter(&reader, DER_CONTEXT(64)) ||
        !enter(&reader, DER_SEQUENCE) || der_read(&reader, &item) != NULL || item.tag != DER_INTEGER)
        return false;
    connection->mode = MODE_WAIT;
    if (take_header(connection, &header, &err) == 0) {
        error_set(&err, ENOSYS, "command", NULL, "this daemon does not know the request, or a part of it");
        error_hint(&err, "the client may be newer than bivyd: use both of one version");
    }
    connection_fail(connection, &err);
    return true;
}

/* A frame that is no message ends the connection without a word (Albatross protocol facts, section 1). */
static bool take_command(struct connection *connection, struct wire_bytes frame)
{
    struct wire_arena arena = {0};
    struct wire_wire message;
    struct error err = {0};
    bool alive = frame.size > 0 &&
                 wire_decode(&wire_type_wire, frame.data, frame.size, &arena, &message, &err) == 0 &&
                 message.payload.kind == WIRE_PAYLOAD_COMMAND;
    if (alive) {
        /* Until the command says otherwise, it owes a reply. */
        connection->mode = MODE_WAIT;
        if (take_header(connection, &message.header, &err) < 0)
            connection_fail(connection, &err);
        else
            command_run(connection, &message.payload.u.command);
    }
    wire_arena_free(&arena);
    return alive || take_unknown(connection, frame);
}

static bool take_chunk(struct connection *connection, struct wire_bytes frame)
{
    int (*chunk)(void *, const uint8_t *, size_t) = connection->chunk;
    return chunk(connection->context, frame.data, frame.size) == 0 || connection->chunk == NULL;
}

/* Reads and acts; false: the connection is at its end. */
static bool hear(struct connection *connection)
{
    struct error err = {0};
    bool command = connection->mode == MODE_COMMAND;
    if (!command && connection->mode != MODE_UPLOAD)
        return false; /* a stream ends when its reader says anything */
    size_t had = connection->inbox.have + connection->inbox.header_have;
    int result =
        inbox_read(&connection->inbox, connection->fd, command ? WIRE_IMAGE_LIMIT : WIRE_CHUNK_MAX, &err);
    if (result < 0) {
        if (err.code != 0)
            log_info("a connection is closed: %s", err.text);
        return false;
    }
    if (connection->inbox.have + connection->inbox.header_have != had)
        connection->heard_ns = loop_now();
    if (result == 0)
        return true;
    bool alive = command ? take_command(connection, inbox_frame(&connection->inbox))
                         : take_chunk(connection, inbox_frame(&connection->inbox));
    inbox_clear(&connection->inbox);
    return alive;
}

static void ready(void *context, uint32_t events)
{
    struct connection *connection = context;
    bool alive = !(events & (EPOLLERR | EPOLLHUP)) || (events & EPOLLIN);
    if (alive && (events & EPOLLOUT)) {
        send_more(connection);
        if (connection->mode == MODE_CONSOLE)
            console_pump(connection);
    }
    if (alive && (events & EPOLLIN) && connection->mode != MODE_CLOSING && connection->mode != MODE_WAIT)
        alive = hear(connection);
    else if (events & (EPOLLERR | EPOLLHUP))
        alive = false;
    if (!alive || connection->broken ||
        (connection->mode == MODE_CLOSING && connection->out.size == connection->sent)) {
        connection_close(connection);
        return;
    }
    set_interest(connection);
}

static void look_at_time(void *context)
{
    struct connection *connection = context;
    uint64_t quiet = loop_now() - connection->heard_ns;
    bool due = connection->mode == MODE_COMMAND || connection->mode == MODE_UPLOAD ||
               connection->mode == MODE_CLOSING || connection->out.size > connection->sent;
    connection->timer = NULL;
    if (connection->broken || (due && quiet >= CONNECTION_TIMEOUT_NS)) {
        connection_close(connection);
        return;
    }
    uint64_t wait =
        due && quiet < CONNECTION_TIMEOUT_NS ? CONNECTION_TIMEOUT_NS - quiet : CONNECTION_TIMEOUT_NS;
    connection->timer = loop_after(connection->daemon->loop, wait, look_at_time, connection, NULL);
}

void connection_open(struct daemon *daemon, int fd, bool console_socket)
{
    struct error err = {0};
    struct connection *connection = NULL;
    if (daemon->connection_count < CONNECTIONS_MAX)
        connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        fd_close(&fd);
        return;
    }
    *connection = (struct connection){
        .daemon = daemon, .fd = fd, .console_socket = console_socket, .heard_ns = loop_now()};
    connection->out.limit = OUT_LIMIT;
    inbox_open(&connection->inbox, daemon->image_dir);
    connection->source = loop_add(daemon->loop, fd, EPOLLIN, ready, connection, &err);
    if (connection->source == NULL) {
        fd_close(&fd);
        free(connection);
        return;
    }
    connection->timer = loop_after(daemon->loop, CONNECTION_TIMEOUT_NS, look_at_time, connection, NULL);
    connection->next = daemon->connections;
    daemon->connections = connection;
    daemon->connection_count++;
}
