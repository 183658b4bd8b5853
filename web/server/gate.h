/*
 * gate.h: what stands between a request and its handler: checks, each a function, in one const order.
 *
 * What costs nothing comes first: nobody who has not signed in makes the server keep bytes.
 */
#ifndef WEB_SERVER_GATE_H
#define WEB_SERVER_GATE_H

#include <stdbool.h>

#include "request.h"
#include "response.h"
#include "route.h"

struct server;

/*
 * Checks all that can be told from the head of REQUEST. True: ROUTE->operation may get the body (or
 * ROUTE->allowed is 0 and the path is a page's). False: RESPONSE holds the refusal.
 */
bool gate_admit(struct server *server, struct request *request, struct route *route,
                struct response *response);

/* Checks the body, once all of it is there, against OPERATION; as gate_admit(). */
bool gate_admit_body(const struct operation *operation, struct request *request, struct response *response);

#endif
