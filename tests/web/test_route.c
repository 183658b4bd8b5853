#include "tests/web/fixture.h"

#include <stdlib.h>
#include <string.h>

static const struct operation table[] = {
    {.method = REQUEST_GET, .path = "/things"},
    {.method = REQUEST_POST, .path = "/things"},
    {.method = REQUEST_GET, .path = "/things/{name}"},
    {.method = REQUEST_POST, .path = "/things/{name}/stop"},
    {.method = REQUEST_DELETE, .path = "/things/{name}/{part}"},
};

static struct route find(const char *method, const char *target, char parameter[static REQUEST_PARAMETER_MAX])
{
    struct request *request = fixture_request(method, target);
    struct route route = route_find(table, sizeof table / sizeof table[0], request);
    memcpy(parameter, request->parameters[0], REQUEST_PARAMETER_MAX);
    request_free(request);
    free(request);
    return route;
}

static void finds_by_method_and_path(void **state)
{
    (void)state;
    char name[REQUEST_PARAMETER_MAX];
    assert_ptr_equal(find("GET", "/api/v1/things", name).operation, &table[0]);
    assert_ptr_equal(find("POST", "/api/v1/things", name).operation, &table[1]);
    assert_ptr_equal(find("HEAD", "/api/v1/things", name).operation, &table[0]);
    assert_ptr_equal(find("POST", "/api/v1/things/web/stop", name).operation, &table[3]);
    assert_string_equal(name, "web");
}

static void decodes_parameters_inside_their_segment(void **state)
{
    (void)state;
    char name[REQUEST_PARAMETER_MAX];
    assert_ptr_equal(find("GET", "/api/v1/things/tenant%3Aweb", name).operation, &table[2]);
    assert_string_equal(name, "tenant:web");
    assert_ptr_equal(find("GET", "/api/v1/things/a%2fstop", name).operation, &table[2]);
    assert_string_equal(name, "a/stop");
}

static void tells_other_methods_from_other_paths(void **state)
{
    (void)state;
    char name[REQUEST_PARAMETER_MAX];
    char text[64];
    struct route route = find("DELETE", "/api/v1/things", name);
    assert_null(route.operation);
    route_allowed(route.allowed, text);
    assert_string_equal(text, "GET, HEAD, POST");
    const char *const none[] = {"/api/v1",
                                "/api/v1/",
                                "/api/v1/thing",
                                "/api/v1/things/",
                                "/api/v1/things/a/b/c",
                                "/api/v1/things//stop",
                                "/api/v1//things"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(find("GET", none[i], name).allowed, 0);
}

static void refuses_what_walks_about(void **state)
{
    (void)state;
    char name[REQUEST_PARAMETER_MAX];
    const char *const bad[] = {"/api/v1/things/..", "/api/v1/things/%2e%2e", "/api/v1/things/%00",
                               "/api/v1/things/%ff", "/api/v1/things/%"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct route route = find("GET", bad[i], name);
        assert_null(route.operation);
        assert_true(route.malformed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_method_and_path),
        cmocka_unit_test(decodes_parameters_inside_their_segment),
        cmocka_unit_test(tells_other_methods_from_other_paths),
        cmocka_unit_test(refuses_what_walks_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
