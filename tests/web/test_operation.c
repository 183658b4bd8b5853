/* Walks the operation table: what holds for every operation, and that the OpenAPI document says the same. */
#include "tests/web/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *method_name(const struct operation *operation)
{
    switch (operation->method) {
    case REQUEST_POST:
        return "POST";
    case REQUEST_PATCH:
        return "PATCH";
    case REQUEST_DELETE:
        return "DELETE";
    default:
        return "GET";
    }
}

/* A request that means OPERATION: "x" for every parameter, and the type that it asks for. */
static struct request *request_of(const struct operation *operation)
{
    char target[256] = OPERATION_BASE;
    for (const char *at = operation->path; *at != '\0'; at++) {
        size_t size = strlen(target);
        if (*at == '{') {
            target[size] = 'x';
            at += strcspn(at, "}");
        } else {
            target[size] = *at;
        }
    }
    struct request *request = fixture_request(method_name(operation), target);
    if (operation->body == OPERATION_BYTES)
        request_set_header(request, "Content-Type", "application/octet-stream");
    if (operation->body == OPERATION_JSON)
        fixture_json(request, "{}");
    return request;
}

static void refuses_without_session(void **state)
{
    for (size_t i = 0; i < operation_count; i++) {
        const struct operation *operation = &operation_table[i];
        if (operation->auth == OPERATION_PUBLIC)
            continue;
        struct response response = fixture_ask(*state, request_of(operation));
        if (response.status != 401)
            print_error("%s %s answered %u\n", method_name(operation), operation->path, response.status);
        assert_int_equal(response.status, 401);
        response_free(&response);
    }
}

static void refuses_changes_without_csrf(void **state)
{
    for (size_t i = 0; i < operation_count; i++) {
        const struct operation *operation = &operation_table[i];
        if (operation->auth == OPERATION_PUBLIC || operation->method == REQUEST_GET)
            continue;
        struct request *request = request_of(operation);
        fixture_sign_in(*state, request, false);
        struct response response = fixture_ask(*state, request);
        if (response.status != 403)
            print_error("%s %s answered %u\n", method_name(operation), operation->path, response.status);
        assert_int_equal(response.status, 403);
        response_free(&response);
    }
}

static void refuses_another_sessions_csrf(void **state)
{
    struct request *other = fixture_request("DELETE", "/api/v1/session");
    struct request *request = fixture_request("DELETE", "/api/v1/session");
    fixture_sign_in(*state, other, true);
    fixture_sign_in(*state, request, false);
    request_set_header(request, "X-Bivy-CSRF", other->headers.csrf);
    request_free(other);
    free(other);
    struct response response = fixture_ask(*state, request);
    assert_int_equal(response.status, 403);
    response_free(&response);
}

static void only_set_up_and_sign_in_change_things_in_public(void **state)
{
    (void)state;
    for (size_t i = 0; i < operation_count; i++) {
        const struct operation *operation = &operation_table[i];
        if (operation->method == REQUEST_GET) {
            assert_false(operation->csrf);
            continue;
        }
        bool entrance = operation->method == REQUEST_POST &&
                        (strcmp(operation->path, "/setup") == 0 || strcmp(operation->path, "/session") == 0);
        assert_int_equal(operation->auth, entrance ? OPERATION_PUBLIC : OPERATION_SESSION);
        assert_int_equal(operation->csrf, !entrance);
        assert_true(!entrance || operation->body == OPERATION_JSON);
    }
}

static void refuses_other_sites(void **state)
{
    const char *const headers[][2] = {{"Origin", "http://evil.example"},
                                      {"Origin", "null"},
                                      {"Sec-Fetch-Site", "cross-site"},
                                      {"Sec-Fetch-Site", "same-site"}};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct request *request = fixture_request("POST", "/api/v1/session");
        fixture_json(request, "{\"name\":\"a\",\"password\":\"b\"}");
        request_set_header(request, headers[i][0], headers[i][1]);
        struct response response = fixture_ask(*state, request);
        assert_int_equal(response.status, 403);
        response_free(&response);
    }
}

static void refuses_unknown_hosts(void **state)
{
    const struct {
        const char *host;
        unsigned status;
    } cases[] = {{"evil.example", 421},
                 {"evil.example:8080", 421},
                 {"127.0.0.1.evil.example", 421},
                 {"", 400},
                 {"[::1", 400},
                 {"localhost:x", 400},
                 {"localhost", 200},
                 {"LOCALHOST:9", 200},
                 {"[::1]:8080", 200},
                 {"127.0.0.1:1", 200}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request *request = fixture_request("GET", "/api/v1/setup");
        strcpy(request->headers.host, cases[i].host);
        struct response response = fixture_ask(*state, request);
        assert_int_equal(response.status, cases[i].status);
        response_free(&response);
    }
}

static void limits_bodies_before_asking_who_it_is(void **state)
{
    for (size_t i = 0; i < operation_count; i++) {
        const struct operation *operation = &operation_table[i];
        struct request *request = request_of(operation);
        snprintf(request->headers.content_length, sizeof request->headers.content_length, "%llu",
                 (unsigned long long)operation->body_limit + 1);
        struct response response = fixture_ask(*state, request);
        assert_int_equal(response.status, 413);
        response_free(&response);
    }
}

static void asks_for_the_right_type(void **state)
{
    for (size_t i = 0; i < operation_count; i++) {
        const struct operation *operation = &operation_table[i];
        if (operation->body == OPERATION_NO_BODY)
            continue;
        struct request *request = request_of(operation);
        strcpy(request->headers.content_type, "text/plain");
        struct response response = fixture_ask(*state, request);
        assert_int_equal(response.status, 415);
        response_free(&response);
    }
}

static const json_t *operation_entry(const json_t *document, const struct operation *operation)
{
    static const struct {
        const char *given, *wanted;
    } names[] = {{"GET", "get"}, {"POST", "post"}, {"PATCH", "patch"}, {"DELETE", "delete"}};
    const json_t *path = json_object_get(json_object_get(document, "paths"), operation->path);
    for (size_t i = 0; i < 4; i++)
        if (strcmp(names[i].given, method_name(operation)) == 0)
            return json_object_get(path, names[i].wanted);
    return NULL;
}

/* Every $ref below VALUE names a schema of DOCUMENT. */
static void check_references(const json_t *document, json_t *value)
{
    static const char prefix[] = "#/components/schemas/";
    const char *key;
    json_t *inner;
    size_t index;
    json_object_foreach(value, key, inner)
    {
        if (strcmp(key, "$ref") == 0) {
            const char *name = json_string_value(inner);
            assert_memory_equal(name, prefix, sizeof prefix - 1);
            const json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
            assert_non_null(json_object_get(schemas, name + sizeof prefix - 1));
        }
        check_references(document, inner);
    }
    json_array_foreach(value, index, inner) check_references(document, inner);
}

static void describes_every_operation(void **state)
{
    (void)state;
    json_t *document = openapi_document();
    assert_non_null(document);
    assert_string_equal(json_string_value(json_object_get(document, "openapi")), "3.1.0");
    json_t *ids = json_object();
    for (size_t i = 0; i < operation_count; i++) {
        const json_t *entry = operation_entry(document, &operation_table[i]);
        assert_non_null(entry);
        const char *id = json_string_value(json_object_get(entry, "operationId"));
        assert_string_equal(id, operation_table[i].id);
        assert_null(json_object_get(ids, id));
        json_object_set_new(ids, id, json_true());
        assert_int_equal(json_object_get(entry, "requestBody") != NULL,
                         operation_table[i].body != OPERATION_NO_BODY);
        assert_int_equal(json_array_size(json_object_get(entry, "security")) > 0,
                         operation_table[i].auth == OPERATION_SESSION);
    }
    check_references(document, document);
    json_decref(ids);
    json_decref(document);
}

static void describes_every_path_parameter(void **state)
{
    (void)state;
    json_t *document = openapi_document();
    for (size_t i = 0; i < operation_count; i++) {
        const json_t *parameters =
            json_object_get(operation_entry(document, &operation_table[i]), "parameters");
        size_t declared = 0;
        for (size_t j = 0; j < json_array_size(parameters); j++) {
            const json_t *parameter = json_array_get(parameters, j);
            if (strcmp(json_string_value(json_object_get(parameter, "in")), "path") != 0)
                continue;
            char wanted[64];
            snprintf(wanted, sizeof wanted, "{%s}", json_string_value(json_object_get(parameter, "name")));
            assert_non_null(strstr(operation_table[i].path, wanted));
            declared++;
        }
        const char *brace = strchr(operation_table[i].path, '{');
        assert_int_equal(declared, brace != NULL ? 1 : 0);
    }
    json_decref(document);
}

static void answers_503_without_a_daemon(void **state)
{
    struct request *request = fixture_request("GET", "/api/v1/unikernels");
    fixture_sign_in(*state, request, false);
    struct response response = fixture_ask(*state, request);
    assert_int_equal(response.status, 503);
    assert_non_null(strstr(fixture_what(&response), "no daemon"));
    response_free(&response);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(refuses_without_session),
        WITH_SERVER(refuses_changes_without_csrf),
        WITH_SERVER(refuses_another_sessions_csrf),
        cmocka_unit_test(only_set_up_and_sign_in_change_things_in_public),
        WITH_SERVER(refuses_other_sites),
        WITH_SERVER(refuses_unknown_hosts),
        WITH_SERVER(limits_bodies_before_asking_who_it_is),
        WITH_SERVER(asks_for_the_right_type),
        cmocka_unit_test(describes_every_operation),
        cmocka_unit_test(describes_every_path_parameter),
        WITH_SERVER(answers_503_without_a_daemon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
