/* fixture.h: a server without sockets, in a directory of its own, for the tests of this room. */
#ifndef TESTS_WEB_FIXTURE_H
#define TESTS_WEB_FIXTURE_H

#include "tests/check.h"

#include "web/server/gate.h"
#include "web/server/server.h"

struct fixture {
    struct server server;
    char directory[64];
};

/* cmocka's set-up and tear-down: *STATE is a struct fixture with an empty database. */
int fixture_open(void **state);
int fixture_close(void **state);

/* A request as a browser on this machine sends it: METHOD, TARGET, Host; no session. Free with
 * request_free(). */
struct request *fixture_request(const char *method, const char *target);

/* Gives REQUEST a body of JSON and its headers. */
void fixture_json(struct request *request, const char *text);

/* Makes the user "admin" and signs in; the cookie and, if CSRF, the token go into REQUEST. */
void fixture_sign_in(struct fixture *fixture, struct request *request, bool csrf);

/* Takes REQUEST all the way; frees it. The response is the caller's. */
struct response fixture_ask(struct fixture *fixture, struct request *request);

/* "what" of an error. */
const char *fixture_what(const struct response *response);

#endif
