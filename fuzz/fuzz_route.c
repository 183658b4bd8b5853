/*
 * fuzz_route.c: any text as the head of a request: the gate must answer, and never let in who has no session.
 *
 * The first line is METHOD TARGET, every other one "NAME: VALUE".
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/error.h"
#include "web/server/asset.h"
#include "web/server/feed.h"
#include "web/server/gate.h"
#include "web/server/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct server *server(void)
{
    static struct server one;
    struct error err;
    if (one.database.handle == NULL &&
        (listen_parse(&one.listen, NULL, &err) < 0 || database_open(&one.database, ":memory:", &err) < 0))
        abort();
    return &one;
}

static void read_line(struct request *request, char *line)
{
    char *colon = strstr(line, ": ");
    if (colon == NULL)
        return;
    *colon = '\0';
    request_set_header(request, line, colon + 2);
}

static int read_head(struct request *request, char *text)
{
    char *rest;
    char *line = strtok_r(text, "\n", &rest);
    char *space = line != NULL ? strchr(line, ' ') : NULL;
    if (space == NULL)
        return -1;
    *space = '\0';
    request_set_method(request, line);
    if (request_set_target(request, space + 1) < 0)
        return -1;
    while ((line = strtok_r(NULL, "\n", &rest)) != NULL)
        read_line(request, line);
    return 0;
}

static void check_passage(const struct request *request, const struct route *route)
{
    char value[REQUEST_PARAMETER_MAX];
    int64_t number;
    struct response response = {0};
    if (route->operation != NULL && route->operation->auth != OPERATION_PUBLIC)
        abort();
    if (request->headers.duplicate || request->headers.too_long)
        abort();
    request_query(request, "tail", value, sizeof value);
    request_query_number(request, "after", 0, INT64_MAX, -1, &number);
    if (request_number(request->headers.upload_offset, &number) == 0 && number < 0)
        abort();
    if (feed_after(request, -1, &number, &response) ? number < -1 : response.status != 400)
        abort();
    response_free(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    struct request *request = calloc(1, sizeof *request);
    struct response response = {0};
    struct route route = {0};
    if (text == NULL || request == NULL)
        abort();
    if (read_head(request, text) == 0) {
        if (gate_admit(server(), request, &route, &response))
            check_passage(request, &route);
        else if (response.status < 400 || response.json == NULL)
            abort();
        response_free(&response);
        asset_answer(&server()->assets, request, &response);
    }
    response_free(&response);
    request_free(request);
    free(request);
    free(text);
    return 0;
}
