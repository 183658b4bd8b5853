/*
 * operation.h: what the REST interface can do: one table.
 *
 * The router, the checks before a handler runs (gate.c) and the OpenAPI document all read it; a handler never
 * looks at a method, a session or a limit itself.
 */
#ifndef WEB_SERVER_OPERATION_H
#define WEB_SERVER_OPERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "request.h"
#include "response.h"
#include "schema.h"

#define OPERATION_BASE "/api/v1"

struct server;
struct upload_writer;

enum operation_auth { OPERATION_PUBLIC, OPERATION_SESSION };
enum operation_body { OPERATION_NO_BODY, OPERATION_JSON, OPERATION_BYTES };
enum operation_answer {
    OPERATION_ONE,
    OPERATION_ARRAY,
    OPERATION_EVENTS,
    OPERATION_NOTHING,
    OPERATION_DOCUMENT
};

typedef void operation_function(struct server *server, struct request *request, struct response *response);

/* A query parameter, or a header that the operation reads itself. */
struct operation_parameter {
    const char *name; /* NULL: the end */
    bool header, required;
    const char *type; /* of JSON Schema */
};

struct operation {
    enum request_method method;
    const char *path; /* below OPERATION_BASE; {name} stands for one segment */
    const char *id;   /* operationId */
    enum operation_auth auth;
    bool csrf;
    enum operation_body body;
    uint64_t body_limit; /* bytes */
    unsigned success;    /* HTTP status */
    enum operation_answer answer;
    const struct schema *request, *response;      /* NULL where there is no JSON */
    const struct operation_parameter *parameters; /* NULL: none */
    const char *summary;
    operation_function *handler; /* NULL where a writer (below) answers */
    /* OPERATION_BYTES only: called before the body; answers if it refuses, else gives where the body goes. */
    struct upload_writer *(*open)(struct server *server, struct request *request, struct response *response);
};

extern const struct operation operation_table[];
extern const size_t operation_count;

/* GET /openapi.json: the table as an OpenAPI 3.1 document. */
operation_function openapi_get;

/* The document; a new reference, NULL when out of memory. */
json_t *openapi_document(void);

#endif
