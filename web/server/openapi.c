/* openapi.c: the operation table as an OpenAPI 3.1 document; see operation.h. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "operation.h"
#include "version.h"

static json_t *reference(const struct schema *schema)
{
    return json_pack("{s:s+}", "$ref", "#/components/schemas/", schema->name);
}

static json_t *content(const char *type, json_t *schema)
{
    return json_pack("{s:{s:o}}", type, "schema", schema);
}

static json_t *answer_content(const struct operation *operation)
{
    switch (operation->answer) {
    case OPERATION_ONE:
        return content("application/json", reference(operation->response));
    case OPERATION_ARRAY:
        return content("application/json",
                       json_pack("{s:s, s:o}", "type", "array", "items", reference(operation->response)));
    case OPERATION_EVENTS:
        return content("text/event-stream", json_pack("{s:s}", "type", "string"));
    case OPERATION_DOCUMENT:
        return content("application/json", json_pack("{s:s}", "type", "object"));
    case OPERATION_NOTHING:
        break;
    }
    return NULL;
}

static json_t *responses(const struct operation *operation)
{
    char status[8];
    snprintf(status, sizeof status, "%u", operation->success);
    json_t *body = answer_content(operation);
    json_t *good = json_pack("{s:s}", "description", operation->summary);
    if (body != NULL)
        json_object_set_new(good, "content", body);
    return json_pack("{s:o, s:{s:s, s:o}}", status, good, "default", "description", "Why it failed.",
                     "content", content("application/json", reference(&schema_error)));
}

static json_t *request_body(const struct operation *operation)
{
    if (operation->body == OPERATION_JSON)
        return json_pack("{s:b, s:o}", "required", 1, "content",
                         content("application/json", reference(operation->request)));
    return json_pack(
        "{s:b, s:o}", "required", 1, "content",
        content("application/octet-stream", json_pack("{s:s, s:s}", "type", "string", "format", "binary")));
}

static void add_parameter(json_t *parameters, const char *place, const char *name, size_t size,
                          const char *type, bool required)
{
    json_array_append_new(parameters, json_pack("{s:s, s:s%, s:b, s:{s:s}}", "in", place, "name", name, size,
                                                "required", required, "schema", "type", type));
}

static json_t *parameters(const struct operation *operation)
{
    json_t *list = json_array();
    for (const char *at = strchr(operation->path, '{'); at != NULL; at = strchr(at + 1, '{'))
        add_parameter(list, "path", at + 1, strcspn(at + 1, "}"), "string", true);
    for (const struct operation_parameter *more = operation->parameters; more != NULL && more->name != NULL;
         more++)
        add_parameter(list, more->header ? "header" : "query", more->name, strlen(more->name), more->type,
                      more->required);
    return list;
}

static json_t *security(const struct operation *operation)
{
    if (operation->auth == OPERATION_PUBLIC)
        return json_array();
    if (operation->csrf)
        return json_pack("[{s:[], s:[]}]", "session", "csrf");
    return json_pack("[{s:[]}]", "session");
}

static json_t *describe(const struct operation *operation)
{
    json_t *entry = json_pack("{s:s, s:s, s:o, s:o, s:o}", "operationId", operation->id, "summary",
                              operation->summary, "parameters", parameters(operation), "security",
                              security(operation), "responses", responses(operation));
    if (entry != NULL && operation->body != OPERATION_NO_BODY)
        json_object_set_new(entry, "requestBody", request_body(operation));
    return entry;
}

static const char *method_name(enum request_method method)
{
    switch (method) {
    case REQUEST_POST:
        return "post";
    case REQUEST_PATCH:
        return "patch";
    case REQUEST_DELETE:
        return "delete";
    default:
        return "get";
    }
}

static json_t *paths(void)
{
    json_t *all = json_object();
    for (size_t i = 0; i < operation_count; i++) {
        const struct operation *operation = &operation_table[i];
        if (json_object_get(all, operation->path) == NULL)
            json_object_set_new(all, operation->path, json_object());
        json_object_set_new(json_object_get(all, operation->path), method_name(operation->method),
                            describe(operation));
    }
    return all;
}

static json_t *components(void)
{
    json_t *schemas = json_object();
    for (size_t i = 0; schema_all[i] != NULL; i++)
        json_object_set_new(schemas, schema_all[i]->name, schema_describe(schema_all[i]));
    return json_pack("{s:o, s:{s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}}}", "schemas", schemas, "securitySchemes",
                     "session", "type", "apiKey", "in", "cookie", "name", SESSION_COOKIE, "csrf", "type",
                     "apiKey", "in", "header", "name", "X-Bivy-CSRF");
}

json_t *openapi_document(void)
{
    return json_pack("{s:s, s:{s:s, s:s}, s:[{s:s}], s:o, s:o}", "openapi", "3.1.0", "info", "title", "Bivy",
                     "version", BIVY_VERSION, "servers", "url", OPERATION_BASE, "paths", paths(),
                     "components", components());
}

void openapi_get(struct server *server, struct request *request, struct response *response)
{
    (void)server;
    (void)request;
    response_json(response, 200, openapi_document());
}
