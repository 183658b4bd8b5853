/* response.h: what an operation answers, before server.c sends it. */
#ifndef WEB_SERVER_RESPONSE_H
#define WEB_SERVER_RESPONSE_H

#include <jansson.h>
#include <stddef.h>

struct error;
struct stream;

#define RESPONSE_HEADERS_MAX 8

struct response {
    unsigned status;  /* 0: not answered yet */
    json_t *json;     /* owned; NULL where the answer is none of JSON */
    const void *data; /* borrowed for the life of the server */
    size_t size;
    struct stream *stream; /* owned; server-sent events */
    size_t header_count;
    struct {
        const char *name;
        char value[256];
    } headers[RESPONSE_HEADERS_MAX];
};

/* Frees what the response owns and makes it empty. */
void response_free(struct response *response);

/* Answers STATUS with JSON, whose reference is taken over; NULL JSON (out of memory) becomes a 500. */
void response_json(struct response *response, unsigned status, json_t *json);

/* Answers STATUS without a body. */
void response_empty(struct response *response, unsigned status);

/* Answers {"error":{"what","hint"}}; HINT may be "". */
void response_error(struct response *response, unsigned status, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Answers with the text and hint of ERR. */
void response_failure(struct response *response, unsigned status, const struct error *err);

/* Adds a header; one that does not fit is a bug of the caller and is left out. */
void response_header(struct response *response, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
