/* account.c: the operations of set-up and session; see account.h. */
#include "account.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "announce.h"
#include "clock.h"
#include "host/error.h"
#include "host/log.h"
#include "server.h"
#include "user.h"

static const char *text_of(const struct request *request, const char *key)
{
    return json_string_value(json_object_get(request->json, key));
}

/* An IPv6 site has more addresses than any table: its first 64 bits are one address here. */
static void limited_address(const struct request *request, char address[static 64])
{
    int colons = 0;
    snprintf(address, 64, "%s", request->address);
    for (size_t i = 0; address[i] != '\0' && strchr(address, '.') == NULL; i++)
        if (address[i] == ':' && ++colons == 4)
            address[i] = '\0';
}

struct tries {
    uint64_t address, name;
};

/* Takes one try of the address and one of the name; false and 429 when there is none. */
static bool take_try(struct server *server, struct request *request, struct tries *tries, const char *name,
                     struct response *response)
{
    char address[64];
    int64_t now_ms = clock_monotonic_ms();
    limited_address(request, address);
    tries->address = limiter_key(&server->tries_of_address, "address", address);
    tries->name = limiter_key(&server->tries_of_name, "name", name);
    int64_t wait_ms = limiter_take(&server->tries_of_address, tries->address, now_ms);
    if (wait_ms == 0) {
        wait_ms = limiter_take(&server->tries_of_name, tries->name, now_ms);
        if (wait_ms > 0)
            limiter_return(&server->tries_of_address, tries->address, now_ms);
    }
    if (wait_ms == 0)
        return true;
    long seconds = (long)((wait_ms + 999) / 1000);
    response_error(response, 429, "wait, then try again",
                   "check request: too many tries; the next one in %ld s", seconds);
    response_header(response, "Retry-After", "%ld", seconds);
    return false;
}

static void return_try(struct server *server, const struct tries *tries)
{
    int64_t now_ms = clock_monotonic_ms();
    limiter_return(&server->tries_of_address, tries->address, now_ms);
    limiter_return(&server->tries_of_name, tries->name, now_ms);
}

static void set_cookie(struct server *server, struct response *response, const char *token, int64_t age_s)
{
    response_header(response, "Set-Cookie",
                    SESSION_COOKIE "=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s", token,
                    (long long)age_s, server->listen.tls ? "; Secure" : "");
}

static json_t *session_json(const struct session *session)
{
    return json_pack("{s:s, s:s}", "name", session->name, "csrf", session->csrf);
}

static void sign_in(struct server *server, const char *user, unsigned status, struct response *response)
{
    char token[SESSION_TEXT_SIZE];
    struct session session;
    struct error err = {0};
    if (session_create(&server->database, user, clock_now_ms(), token, &session, &err) < 0) {
        response_failure(response, 500, &err);
        return;
    }
    set_cookie(server, response, token, SESSION_ABSOLUTE_MS / 1000);
    response_json(response, status, session_json(&session));
}

void account_setup_state(struct server *server, struct request *request, struct response *response)
{
    (void)request;
    response_json(response, 200, json_pack("{s:b}", "needed", setup_needed(&server->setup)));
}

static bool is_user_name(const char *name)
{
    for (size_t i = 0; name[i] != '\0'; i++)
        if (!isalnum((unsigned char)name[i]) && (i == 0 || strchr("._@-", name[i]) == NULL))
            return false;
    return true;
}

static void create_administrator(struct server *server, struct request *request, struct response *response)
{
    char id[USER_ID_SIZE];
    struct error err = {0};
    int result = user_create_first(&server->database, text_of(request, "name"), text_of(request, "password"),
                                   clock_now_ms(), id, &err);
    if (result < 0) {
        response_failure(response, result == -EEXIST ? 409 : 500, &err);
        return;
    }
    setup_finish(&server->setup);
    announce_write(server, NULL);
    log_info("set-up: administrator %s created", text_of(request, "name"));
    sign_in(server, id, 201, response);
}

void account_setup(struct server *server, struct request *request, struct response *response)
{
    struct tries tries;
    if (!setup_needed(&server->setup)) {
        response_error(response, 409, "sign in instead", "set up: there is an administrator already");
        return;
    }
    if (!is_user_name(text_of(request, "name"))) {
        response_error(response, 422, "",
                       "check request: name: only letters, digits, '.', '_', '@' and '-' after the first");
        return;
    }
    if (!take_try(server, request, &tries, "\nsetup", response))
        return;
    if (!setup_check(&server->setup, text_of(request, "setup_code"))) {
        log_warning("set-up: wrong code from %s", request->address);
        response_error(
            response, 403,
            "bivy-web printed the code when it started; it is also in web.json in its run directory",
            "set up: setup_code: wrong");
        return;
    }
    return_try(server, &tries);
    create_administrator(server, request, response);
}

void account_sign_in(struct server *server, struct request *request, struct response *response)
{
    struct tries tries;
    struct error err = {0};
    char id[USER_ID_SIZE];
    const char *name = text_of(request, "name");
    if (!take_try(server, request, &tries, name, response))
        return;
    int result = user_verify(&server->database, name, text_of(request, "password"), id, &err);
    if (result == -EACCES) {
        log_warning("sign-in refused: from %s", request->address);
        response_error(response, 401, "", "sign in: the name or the password is wrong");
        return;
    }
    return_try(server, &tries);
    if (result < 0)
        response_failure(response, 500, &err);
    else
        sign_in(server, id, 200, response);
}

void account_session(struct server *server, struct request *request, struct response *response)
{
    (void)server;
    response_json(response, 200, session_json(&request->session));
}

void account_sign_out(struct server *server, struct request *request, struct response *response)
{
    struct error err = {0};
    if (session_remove(&server->database, &request->session, &err) < 0) {
        response_failure(response, 500, &err);
        return;
    }
    set_cookie(server, response, "", 0);
    response_empty(response, 204);
}
