/*
 * request.h: one parsed request, whatever brought it.
 *
 * Everything in it is hostile until gate.c has passed it. The text of the target stays percent-encoded until
 * it has been split, so that an encoded '/' never makes a segment of its own.
 */
#ifndef WEB_SERVER_REQUEST_H
#define WEB_SERVER_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/buffer.h"
#include "session.h"

#define REQUEST_TARGET_MAX    2048 /* bytes of the request line's target */
#define REQUEST_HEADER_MAX    512  /* bytes of one header's value that we look at */
#define REQUEST_PARAMETER_MAX 256  /* bytes of one decoded path segment or query value, zero included */
#define REQUEST_DEPTH_MAX     8    /* nesting of JSON */

struct error;

enum request_method {
    REQUEST_GET = 1,
    REQUEST_POST = 2,
    REQUEST_PATCH = 4,
    REQUEST_DELETE = 8,
    REQUEST_OTHER = 0,
};

/* The headers that mean something to us; empty when absent. */
struct request_headers {
    char host[REQUEST_HEADER_MAX];
    char origin[REQUEST_HEADER_MAX];
    char fetch_site[REQUEST_HEADER_MAX];
    char cookie[REQUEST_HEADER_MAX * 4];
    char csrf[REQUEST_HEADER_MAX];
    char content_type[REQUEST_HEADER_MAX];
    char content_length[REQUEST_HEADER_MAX];
    char transfer_encoding[REQUEST_HEADER_MAX];
    char upload_offset[REQUEST_HEADER_MAX];
    char last_event_id[REQUEST_HEADER_MAX];
    char accept[REQUEST_HEADER_MAX * 2];
    char accept_encoding[REQUEST_HEADER_MAX];
    char if_none_match[REQUEST_HEADER_MAX];
    unsigned seen;  /* a bit for each of the above that came, be it empty */
    bool duplicate; /* a header that may come once came twice */
    bool too_long;
};

struct request {
    enum request_method method;
    bool head;                      /* GET without the answer's body */
    char path[REQUEST_TARGET_MAX];  /* still encoded; begins with '/' */
    char query[REQUEST_TARGET_MAX]; /* still encoded; without '?' */
    struct request_headers headers;
    char address[64];                          /* the peer's, without port */
    int socket;                                /* the peer's connection, to see it go; -1 in tests */
    char parameters[2][REQUEST_PARAMETER_MAX]; /* of the path template, decoded */
    struct buffer body;                        /* JSON text while it arrives */
    uint64_t body_size;                        /* bytes of body that have arrived */
    json_t *json;           /* owned; the parsed body, checked against the operation's schema */
    struct session session; /* valid where the operation asks for one */
};

void request_free(struct request *request);

/* GET, HEAD, POST, PATCH, DELETE by name. */
void request_set_method(struct request *request, const char *name);

/* Splits a target into path and query; -EMSGSIZE when too long, -EINVAL for anything but an absolute path. */
int request_set_target(struct request *request, const char *target);

/* Keeps a header that means something to us; names compare without regard to case. */
void request_set_header(struct request *request, const char *name, const char *value);

/*
 * Decodes SIZE percent-encoded bytes into TO of ROOM bytes, zero included. -EINVAL: a bad escape, a control
 * character, bytes that are not UTF-8; -EMSGSIZE: no room.
 */
int request_decode(const char *from, size_t size, char *to, size_t room);

/* The decoded value of a query parameter; -ENOENT when absent, otherwise as request_decode(). */
int request_query(const struct request *request, const char *name, char *value, size_t room);

/* The query parameter NAME as a number of MINIMUM..MAXIMUM; FALLBACK when absent; -EINVAL when it is anything
 * else. */
int request_query_number(const struct request *request, const char *name, int64_t minimum, int64_t maximum,
                         int64_t fallback, int64_t *value);

/* A decimal number of 1 to 18 digits and nothing else; 0 or -EINVAL. */
int request_number(const char *text, int64_t *value);

/* The value of a cookie; -ENOENT when absent or given twice. */
int request_cookie(const struct request *request, const char *name, char *value, size_t room);

/* Parses the collected body as one JSON object: -EINVAL with ERR saying where it is wrong. */
int request_parse_json(struct request *request, struct error *err);

#endif
