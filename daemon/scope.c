/* scope.c: names as text; see scope.h. */
#define _GNU_SOURCE
#include "scope.h"

#include <stdio.h>
#include <string.h>

bool scope_is_path(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && name[size - 1] == ':';
}

bool scope_contains(const char *path, const char *name)
{
    return strcmp(path, ":") == 0 || strncmp(name, path, strlen(path)) == 0;
}

void scope_parent(const char *name, char parent[static SCOPE_NAME_SIZE])
{
    snprintf(parent, SCOPE_NAME_SIZE, "%s", name);
    size_t size = strlen(parent);
    if (size > 0 && parent[size - 1] == ':')
        size--;
    while (size > 0 && parent[size - 1] != ':')
        size--;
    parent[size] = '\0';
    if (size == 0)
        memcpy(parent, ":", 2);
}

bool scope_matches(const char *query, const char *name)
{
    return scope_is_path(query) ? scope_contains(query, name) : strcmp(query, name) == 0;
}

void scope_relative(const char *query, const char *name, char relative[static SCOPE_NAME_SIZE])
{
    const char *rest = name;
    if (scope_is_path(query) && strcmp(query, ":") != 0 && scope_contains(query, name))
        rest = name + strlen(query);
    const char *root = rest[0] != '\0' && strchr(rest, ':') != NULL ? "" : ":";
    snprintf(relative, SCOPE_NAME_SIZE, "%s%s", root, rest);
}

const char *scope_label(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon == NULL ? name : colon + 1;
}
