/* route.h: which operation a method and a path mean. */
#ifndef WEB_SERVER_ROUTE_H
#define WEB_SERVER_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "operation.h"

struct route {
    const struct operation *operation; /* NULL: none with this method */
    unsigned allowed;                  /* enum request_method bits that the path knows; 0: no such path */
    bool malformed;                    /* a segment cannot be decoded, or says "." or ".." */
};

/* Whether PATH (still encoded) is under OPERATION_BASE. */
bool route_is_api(const char *path);

/*
 * Finds the operation of REQUEST in TABLE and decodes the path's parameters into the request. An encoded '/'
 * stays inside its segment.
 */
struct route route_find(const struct operation *table, size_t count, struct request *request);

/* The value of an Allow header for a set of methods; HEAD comes with GET. */
void route_allowed(unsigned methods, char text[static 64]);

#endif
