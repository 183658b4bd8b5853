/* fixture.c: a server without sockets; see fixture.h. */
#define _GNU_SOURCE
#include "tests/web/fixture.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/error.h"
#include "host/path.h"
#include "web/server/clock.h"
#include "web/server/user.h"

int fixture_open(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct error err = {0};
    char path[PATH_MAX];
    assert_non_null(fixture);
    strcpy(fixture->directory, "/tmp/bivy-web-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    struct server *server = &fixture->server;
    strcpy(server->run_directory, fixture->directory);
    strcpy(server->state_directory, fixture->directory);
    assert_int_equal(path_join(path, fixture->directory, "web.db", &err), 0);
    assert_int_equal(database_open(&server->database, path, &err), 0);
    limiter_init(&server->tries_of_address, 10, 15000);
    limiter_init(&server->tries_of_name, 10, 15000);
    assert_int_equal(setup_init(&server->setup, true), 0);
    assert_int_equal(listen_parse(&server->listen, NULL, &err), 0);
    assert_int_equal(upload_init(server, &err), 0);
    *state = fixture;
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)st;
    (void)type;
    (void)place;
    return remove(path);
}

int fixture_close(void **state)
{
    struct fixture *fixture = *state;
    database_close(&fixture->server.database);
    nftw(fixture->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

struct request *fixture_request(const char *method, const char *target)
{
    struct request *request = calloc(1, sizeof *request);
    assert_non_null(request);
    request->socket = -1;
    strcpy(request->address, "127.0.0.1");
    request_set_method(request, method);
    assert_int_equal(request_set_target(request, target), 0);
    request_set_header(request, "Host", "127.0.0.1:8080");
    return request;
}

void fixture_json(struct request *request, const char *text)
{
    char size[24];
    snprintf(size, sizeof size, "%zu", strlen(text));
    request_set_header(request, "Content-Type", "application/json");
    request_set_header(request, "Content-Length", size);
    assert_int_equal(buffer_append_text(&request->body, text), 0);
}

void fixture_sign_in(struct fixture *fixture, struct request *request, bool csrf)
{
    struct database *database = &fixture->server.database;
    char id[USER_ID_SIZE] = "u1";
    char token[SESSION_TEXT_SIZE];
    char cookie[128];
    struct session session;
    struct error err = {0};
    /* Not user_create_first(): its password hash would take most of every test's time. */
    database_run(database, NULL, NULL, NULL, "INSERT INTO user VALUES ('u1', 'admin', '', 0)", "");
    assert_int_equal(session_create(database, id, clock_now_ms(), token, &session, &err), 0);
    snprintf(cookie, sizeof cookie, "%s=%s", SESSION_COOKIE, token);
    request_set_header(request, "Cookie", cookie);
    if (csrf)
        request_set_header(request, "X-Bivy-CSRF", session.csrf);
}

struct response fixture_ask(struct fixture *fixture, struct request *request)
{
    struct response response = {0};
    struct route route = {0};
    if (gate_admit(&fixture->server, request, &route, &response) && route.operation != NULL) {
        const struct operation *operation = route.operation;
        if (operation->open != NULL) {
            struct upload_writer *writer = operation->open(&fixture->server, request, &response);
            if (writer != NULL && request->body.size > 0)
                upload_write(writer, request->body.data, request->body.size, &response);
            if (writer != NULL && response.status == 0)
                upload_finish(&fixture->server, writer, &response);
            upload_close(writer);
        } else if (gate_admit_body(operation, request, &response)) {
            operation->handler(&fixture->server, request, &response);
        }
    }
    request_free(request);
    free(request);
    return response;
}

const char *fixture_what(const struct response *response)
{
    const char *what = json_string_value(json_object_get(json_object_get(response->json, "error"), "what"));
    return what != NULL ? what : "";
}
