/* route.c: which operation a method and a path mean; see route.h. */
#include "route.h"

#include <stdio.h>
#include <string.h>

bool route_is_api(const char *path)
{
    size_t size = strlen(OPERATION_BASE);
    return strncmp(path, OPERATION_BASE, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

enum match { MATCH_NO, MATCH_YES, MATCH_MALFORMED };

static enum match match_parameter(const char *segment, size_t size, char *parameter)
{
    if (size == 0)
        return MATCH_NO;
    if (request_decode(segment, size, parameter, REQUEST_PARAMETER_MAX) < 0)
        return MATCH_MALFORMED;
    if (strcmp(parameter, ".") == 0 || strcmp(parameter, "..") == 0)
        return MATCH_MALFORMED;
    return MATCH_YES;
}

/* Walks template and path segment by segment; both begin with '/'. */
static enum match match_path(const char *template, const char *path, struct request *request)
{
    size_t parameter = 0;
    enum match result = MATCH_YES;
    while (*template == '/' && *path == '/' && result == MATCH_YES) {
        size_t expected = strcspn(++template, "/");
        size_t given = strcspn(++path, "/");
        if (*template == '{')
            result = match_parameter(path, given, request->parameters[parameter++]);
        else if (expected != given || memcmp(template, path, given) != 0)
            result = MATCH_NO;
        template += expected;
        path += given;
    }
    return result == MATCH_YES && *template != *path ? MATCH_NO : result;
}

struct route route_find(const struct operation *table, size_t count, struct request *request)
{
    struct route route = {0};
    const char *path = request->path + strlen(OPERATION_BASE);
    for (size_t i = 0; i < count; i++) {
        enum match match = match_path(table[i].path, path, request);
        route.malformed |= match == MATCH_MALFORMED;
        if (match != MATCH_YES)
            continue;
        route.allowed |= table[i].method;
        if (table[i].method == request->method)
            route.operation = &table[i];
    }
    return route;
}

void route_allowed(unsigned methods, char text[static 64])
{
    static const char *const names[] = {"GET, HEAD", "POST", "PATCH", "DELETE"};
    size_t used = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < 4; i++)
        if (methods & 1u << i)
            used += (size_t)snprintf(text + used, 64 - used, "%s%s", used > 0 ? ", " : "", names[i]);
}
